"""Products as files: import in two steps, export and template in one layout."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from distributor.catalogue import importing, lists
from distributor.catalogue.views.common import blueprint, changing_member, reading_member
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember, acting_upstream
from distributor.identity.current import signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.list_files import GivenList, write_csv, write_xlsx
from distributor.list_import_page import ListImport, download
from distributor.list_plans import Plan


def _plan(member: CurrentMember, given: GivenList, at: datetime, lock: bool) -> Plan:
    return importing.plan(member.organization_id, given, acting_upstream(member), lock=lock)


def _carry_out(member: CurrentMember, plan: Plan, at: datetime) -> str:
    if any(one.columns["prices"] for one in plan.planned):
        step_up.require(member, at)
    priced = importing.carry_out(member.organization_id, plan, acting_upstream(member), at)
    counts = {"added": len(plan.added), "changed": len(plan.changed)}
    if not priced:
        return gettext("Imported: %(added)s added, %(changed)s changed.", **counts)
    return ngettext(
        "Imported: %(added)s added, %(changed)s changed. %(num)s open line that had no price has one now.",
        "Imported: %(added)s added, %(changed)s changed. %(num)s open lines that had no price have one now.",
        priced,
        **counts,
    )


IMPORT = ListImport("products", importing.LAYOUT, "catalogue", _plan, _carry_out)


@blueprint.get("/import")
@signed_in
def import_page() -> str:
    """The form for a file of products."""
    changing_member()
    return IMPORT.page()


@blueprint.post("/import")
@signed_in
@limited(Limited.IMPORT)
def check_file() -> ResponseReturnValue:
    """Show what a file would change; nothing is changed."""
    return IMPORT.check(changing_member())


@blueprint.post("/import/confirm")
@signed_in
@limited(Limited.IMPORT)
def confirm_file() -> ResponseReturnValue:
    """Carry out what was shown."""
    return IMPORT.confirm(changing_member())


@blueprint.get("/products.<any(csv, xlsx):kind>")
@signed_in
@limited(Limited.EXPORT)
def export(kind: str) -> Response:
    """All products in the layout that the import reads."""
    member = reading_member()
    rows = importing.exported(lists.every_product(member.organization_id))
    return download(_written(member, rows, kind), "products", kind)


@blueprint.get("/template.<any(csv, xlsx):kind>")
@signed_in
def template(kind: str) -> Response:
    """The layout without rows."""
    return download(_written(reading_member(), [], kind), "products-template", kind)


def _written(member: CurrentMember, rows: Iterable[dict[str, object]], kind: str) -> bytes:
    columns = importing.columns_for(lists.around(member.organization_id).currencies or ["EUR"])
    return write_csv(columns, rows) if kind == "csv" else write_xlsx(columns, rows, "products")
