"""The rules of usage reporting: pure, no clock, no configuration, no request, no database.

* ``usage_report``  statuses, the table of steps, ``fire`` and ``actions_for``
* ``report_cycle``  cycles, opening day, due instant, reminders
* ``units``         parsing, tolerance, discrepancies, penalties, estimates
* ``money``         currencies, rounding, totals, money at risk
* ``events``        what happened (``Submitted``, ``Approved`` …)
* ``errors``        why something may not happen (``CommentRequired`` …)

Behind ``usage_report`` stand ``vocabulary`` (the words), ``steps`` (the table), ``conditions`` (what must
hold), ``outcomes`` (what follows) and ``drawing`` (the diagram and the page's stepper).
"""
