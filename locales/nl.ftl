## nl
