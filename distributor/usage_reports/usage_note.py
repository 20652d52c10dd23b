"""When the usage behind a report was counted, for the head of its pages."""

from __future__ import annotations

from flask_babel import gettext

from distributor.formatting import short_instant
from distributor.provisioning.queries import usage_delivered
from distributor.usage_reports.queries import ReportRow


def usage_note(report: ReportRow) -> list[dict[str, str]]:
    """An entry for the page's head, {icon, text}; none where it is not known, or nothing is expected."""
    delivered = usage_delivered(report.account_id, report.cycle)
    if delivered.counted_at is not None:
        when = short_instant(delivered.counted_at, report.time_zone)
        return [{"icon": "clock", "text": gettext("Usage counted %(when)s", when=when)}]
    if report.usage_source == "feed" and not delivered.sources:
        return [{"icon": "inbox", "text": gettext("No usage has arrived for this cycle")}]
    return []
