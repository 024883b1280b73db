## es
