"""The search as a page, and as a list of options for the box that a script opens over any page."""

from __future__ import annotations

from babel import Locale
from flask import Blueprint, render_template, request
from flask_babel import get_locale

from distributor import clock
from distributor.identity.current import require_member, signed_in
from distributor.search import results, terms
from distributor.search.results import Group
from distributor.search.terms import Terms
from workflows.report_cycle import Cycle

blueprint = Blueprint("search", __name__, url_prefix="/search")
ON_PAGE = 20
IN_BOX = 5
SUGGESTED = 6


@blueprint.get("")
@signed_in
def index() -> str:
    """Everything found, in groups; what waits for the reader before anything was typed."""
    asked = _asked()
    return render_template("search/index.html", asked=asked, groups=_groups(asked, ON_PAGE))


@blueprint.get("/options")
@signed_in
def options() -> str:
    """The same as options of a listbox, fewer of each kind."""
    asked = _asked()
    return render_template("search/options.html", asked=asked, groups=_groups(asked, IN_BOX))


def _asked() -> Terms:
    today = Cycle.from_date(clock.now().date())
    return terms.read(request.args.get("q", ""), today, get_locale() or Locale("en"))


def _groups(asked: Terms, limit: int) -> list[Group]:
    member = require_member()
    return results.found(member, asked, limit) if asked.text else results.suggested(member, SUGGESTED)
