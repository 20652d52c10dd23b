"""Accounts as files: import in two steps, export and template in one layout."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor.accounts import importing, lists
from distributor.accounts.views.common import blueprint, changing_member, reading_member
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.list_files import GivenList, write_csv, write_xlsx
from distributor.list_import_page import ListImport, download
from distributor.list_plans import Plan


def _plan(member: CurrentMember, given: GivenList, at: datetime, lock: bool) -> Plan:
    return importing.plan(member.organization_id, given, at, lock=lock)


def _carry_out(member: CurrentMember, plan: Plan, at: datetime) -> str:
    if plan.changed:
        step_up.require(member, at)
    importing.carry_out(member.organization_id, plan, member, at)
    return gettext("Imported: %(added)s added, %(changed)s changed.", added=len(plan.added), changed=len(plan.changed))


IMPORT = ListImport("accounts", importing.LAYOUT, "accounts", _plan, _carry_out)


@blueprint.get("/accounts/import")
@signed_in
def import_page() -> str:
    """The form for a file of accounts."""
    changing_member()
    return IMPORT.page()


@blueprint.post("/accounts/import")
@signed_in
@limited(Limited.IMPORT)
def check_file() -> ResponseReturnValue:
    """Show what a file would change; nothing is changed."""
    return IMPORT.check(changing_member())


@blueprint.post("/accounts/import/confirm")
@signed_in
@limited(Limited.IMPORT)
def confirm_file() -> ResponseReturnValue:
    """Carry out what was shown."""
    return IMPORT.confirm(changing_member())


@blueprint.get("/accounts/accounts.<any(csv, xlsx):kind>")
@signed_in
@limited(Limited.EXPORT)
def export(kind: str) -> Response:
    """All accounts in the layout that the import reads."""
    member = reading_member()
    rows = importing.exported(lists.every_account(member.organization_id))
    return download(_written(rows, kind), "accounts", kind)


@blueprint.get("/accounts/template.<any(csv, xlsx):kind>")
@signed_in
def template(kind: str) -> Response:
    """The layout without rows."""
    reading_member()
    return download(_written([], kind), "accounts-template", kind)


def _written(rows: list[dict[str, object]], kind: str) -> bytes:
    if kind == "csv":
        return write_csv(importing.COLUMNS, rows)
    return write_xlsx(importing.COLUMNS, rows, "accounts")
