"""What steps on the pages of either side have in common: the lock, the version that was seen, one commit, the words."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from distributor.database import db
from distributor.errors import NotFound
from distributor.identity.acting import Acting, acting
from distributor.identity.current import require_member
from distributor.saying import said as in_words
from distributor.usage_reports import forms, queries
from distributor.usage_reports.queries import ReportRow
from workflows.errors import Refused

Act = Callable[[ReportRow, Acting, int], object]


def take_step(uid: UUID, act: Act, said: str) -> Response:
    """Take a step on the locked report and go back to its page, where a refusal is said too. `act` gets the report, who
    acts, and the version that the page showed. Raises NotFound, InputRefused for a form without a version.
    """
    member = require_member()
    report = queries.report_for_update(uid, member)
    version = forms.version_of(request)
    try:
        act(report, acting(member, report), version)
    except NotFound:
        raise
    except Refused as refused:
        db.session.rollback()
        flash(in_words(refused), "error")
        return redirect(url_for(".show", uid=uid))
    db.session.commit()
    flash(said, "success")
    return redirect(url_for(".show", uid=uid))
