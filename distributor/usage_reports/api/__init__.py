"""Usage reports over the API. Each change checks in one order: who (401, 403), which report (404), a replayed
key, version (412, 428), state (409), input (422); then it acts, commits and answers.

* ``reading``  lists, one report, its history
* ``lines``    drafts, hand-counted lines, usage that arrived late
* ``steps``    submit, recall, endorse, approve, reject, reopen, waive, invoice
* ``rolling_up`` approved reports of an MSP's own partners, carried into the one it owes
* ``taking``   what all changes have in common
"""

from distributor.usage_reports.api import lines, reading, rolling_up, steps
from distributor.usage_reports.api.taking import blueprint

__all__ = ["blueprint", "lines", "reading", "rolling_up", "steps"]
