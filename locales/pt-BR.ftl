## pt-BR
