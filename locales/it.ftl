## it
