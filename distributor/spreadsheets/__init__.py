"""A report as a spreadsheet and back: two columns may be changed, everything else is there to be read.

`columns` names what a row holds, `workbooks` and `text` write it, `reading` takes a file apart, `comparing` says what
it would change, `taking` saves that. What a cell held when it was exported travels along as a digest, so that somebody
who touched one line of five thousand changes one line, whatever colleagues did meanwhile.
"""
