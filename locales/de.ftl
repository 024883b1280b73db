## de
