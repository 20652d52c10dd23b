"""What can be done with usage reports. None of these commits, reads the request or sends anything.

* ``steps``         submit, recall, waive, endorse, approve, reject, invoice, reopen
* ``drafts``        save_lines, add_line, remove_line
* ``usage``         opening lines, refresh from an import, apply_usage, fill_missing_prices
* ``opening``       open_due, open_newest
* ``automatic``     submit_due, approve_by_policy, remind
* ``recording``     the one way a step is written down; ``line_changes`` the one way a line is changed
"""
