## tr
