## pl
