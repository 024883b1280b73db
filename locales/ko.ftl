## ko
