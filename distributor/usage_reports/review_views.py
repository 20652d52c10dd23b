"""The distributor's pages: the review queue, one report under review, and the decisions on it.

* ``review_queue_views``     the list with its filters, the export, the approval of several clean reports
* ``saved_view_views``       one's own views of the list
* ``review_report_views``    one report, further lines of it, unsent words kept as a draft
* ``review_decision_views``  approve, endorse, reject, waive, reopen, invoice
"""

from __future__ import annotations

from distributor.usage_reports import (
    review_decision_views,
    review_queue_views,
    review_report_views,
    saved_view_views,
)
from distributor.usage_reports.review_desk import blueprint

__all__ = ["blueprint", "review_decision_views", "review_queue_views", "review_report_views", "saved_view_views"]
