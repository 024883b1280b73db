## fr
