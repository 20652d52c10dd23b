"""The distributor's page for usage files: check one, import it, download the template."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import Blueprint, Response, flash, render_template, request
from flask_babel import gettext

from distributor import clock
from distributor.accounts import queries as accounts
from distributor.accounts.queries import AccountRow
from distributor.database import db
from distributor.errors import FieldError, Forbidden, InputRefused
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.current import require_member, signed_in
from distributor.identity.scopes import possible_scopes
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.problems import problem_of
from distributor.provisioning.formats import csv_template, xlsx_template
from distributor.provisioning.operations import import_usage
from distributor.provisioning.operations.importing import ImportResult, check_may_import
from distributor.provisioning.uploads import file_name, read_upload
from distributor.saying import said
from workflows.errors import InvalidInput, Refused
from workflows.report_cycle import Cycle

blueprint = Blueprint("usage_files", __name__)
MOST_ACCOUNTS = 500
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# A whole file can be wrong; the first of its rows are enough to see how.
MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: the result, or why it was refused."""

    result: ImportResult | None = None
    checked: bool = False
    refused: Refused | None = None
    errors: tuple[FieldError, ...] = ()


@blueprint.get("/usage")
@signed_in
def index() -> str:
    """The form for a usage file."""
    return _page(_importing_member(), Outcome())


@blueprint.post("/usage")
@signed_in
@limited(Limited.IMPORT)
def send() -> tuple[str, int]:
    """Check a file, or import it; what was wrong is named by row and field, and nothing is changed then."""
    member = _importing_member()
    checked = request.form.get("step") != "import"
    try:
        result = _import(member, dry_run=checked)
    except Refused as refused:
        db.session.rollback()
        errors = tuple(refused.errors) if isinstance(refused, InputRefused) else ()
        return _page(member, Outcome(refused=refused, errors=errors)), problem_of(refused).status
    db.session.commit()
    if not checked:
        flash(gettext("Imported."), "success")
    wrong = tuple(FieldError(said(row.reason), row.field, row=row.row) for row in result.refused)
    return _page(member, Outcome(result, checked, errors=wrong)), 200


def _import(member: CurrentMember, *, dry_run: bool) -> ImportResult:
    account, cycle = _account(member), _cycle()
    who = acting(member, account)
    check_may_import(who)
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        message = gettext("Choose a file.")
        raise InputRefused(message, [FieldError(message, "file")])
    name = file_name(sent.filename)
    usage = read_upload(account, cycle, sent.read(), name=name)
    add_products = request.form.get("add_products") == "yes"
    return import_usage(
        account, cycle, usage, who, clock.now(), add_products=add_products, dry_run=dry_run, file_name=name
    )


def _importing_member() -> CurrentMember:
    member = require_member()
    if "usage:write" not in possible_scopes(member.roles, is_distributor=member.is_distributor):
        raise Forbidden(gettext("Usage is imported by the distributor's reviewers and admins."))
    return member


def _account(member: CurrentMember) -> AccountRow:
    try:
        return accounts.account(UUID(request.form.get("account", "")), member)
    except ValueError as error:
        message = gettext("Choose an account.")
        raise InputRefused(message, [FieldError(message, "account")]) from error


def _cycle() -> Cycle:
    try:
        return Cycle.parse(request.form.get("cycle", "").strip())
    except InvalidInput as error:
        raise InputRefused(said(error), [FieldError(said(error), "cycle")]) from error


def _page(member: CurrentMember, outcome: Outcome) -> str:
    shown = accounts.accounts_in_sight(member, limit=MOST_ACCOUNTS)
    return render_template(
        "provisioning/index.html",
        accounts=[row for row in shown if row.distributor_id == member.organization_id],
        outcome=outcome,
        errors=outcome.errors[:MOST_SHOWN],
        hidden=max(0, len(outcome.errors) - MOST_SHOWN),
        by_field={error.field: error.reason for error in outcome.errors if error.row is None},
        typed=request.form,
        may_add="catalogue:write" in possible_scopes(member.roles, is_distributor=member.is_distributor),
        cycle=request.form.get("cycle") or str(Cycle.from_date(clock.now().date())),
    )


@blueprint.get("/usage-template.<any(csv, xlsx):kind>")
@signed_in
def template(kind: str) -> Response:
    """Our own layout, ready to fill in."""
    content = csv_template() if kind == "csv" else xlsx_template(said)
    answer = Response(content, mimetype="text/csv" if kind == "csv" else XLSX)
    answer.headers["Content-Disposition"] = f'attachment; filename="usage-template.{kind}"'
    return answer
