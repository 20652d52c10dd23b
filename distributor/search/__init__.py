"""One box that finds accounts, reports, customers and products in one's sight.

`terms` reads what was typed, `queries` asks the database, `results` turns rows into links, `views` answers.
"""
