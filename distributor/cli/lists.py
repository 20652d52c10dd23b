"""The commands that import lists: accounts with their terms, products with their prices."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from distributor.accounts import importing as accounts
from distributor.catalogue import importing as products
from distributor.cli.output import application, as_json, at_option, clock_of, command, counted, placed
from distributor.database import db
from distributor.errors import InputRefused
from distributor.identity.acting import operator
from distributor.identity.models import Organization
from distributor.list_files import GivenList, Layout, read_list
from distributor.list_plans import Plan
from distributor.provisioning.formats import COMMAND_LIMITS, UnreadableFile

FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
DISTRIBUTOR = click.option("--distributor", "name", help="The distributor, where there are several.")
DRY_RUN = click.option("--dry-run", is_flag=True, help="Show what would change and change nothing.")


@command(name="import-accounts")
@FILE
@DISTRIBUTOR
@DRY_RUN
@at_option
@as_json
def import_accounts(file: Path, name: str | None, dry_run: bool, at: Any, json_output: bool) -> None:
    """Add and change accounts from FILE, CSV or XLSX, in the layout of the accounts' export; all of it or nothing."""
    with application():
        moment = clock_of(at)
        distributor_id = _distributor(name)
        plan = accounts.plan(distributor_id, _read(file, accounts.LAYOUT), moment, lock=True)
        _carry_out(plan, dry_run, lambda: accounts.carry_out(distributor_id, plan, operator(), moment))
    _show(plan, dry_run, json_output, "account", "accounts")


@command(name="import-products")
@FILE
@DISTRIBUTOR
@DRY_RUN
@at_option
@as_json
def import_products(file: Path, name: str | None, dry_run: bool, at: Any, json_output: bool) -> None:
    """Add and change products and prices from FILE, CSV or XLSX, in the layout of the catalogue's export."""
    with application():
        moment = clock_of(at)
        distributor_id = _distributor(name)
        plan = products.plan(distributor_id, _read(file, products.LAYOUT), operator(), lock=True)
        _carry_out(plan, dry_run, lambda: products.carry_out(distributor_id, plan, operator(), moment))
    _show(plan, dry_run, json_output, "product", "products")


def _distributor(name: str | None) -> int:
    query = select(Organization.id, Organization.name).where(Organization.is_distributor)
    found = [row for row in db.session.execute(query) if name in {None, row.name}]
    if len(found) != 1:
        which = f"There is no distributor {name}." if name else "Say which distributor with --distributor."
        raise InputRefused(which)
    return int(found[0].id)


def _read(file: Path, layout: Layout) -> GivenList:
    try:
        return read_list(file.read_bytes(), file.name, layout, COMMAND_LIMITS)
    except UnreadableFile as error:
        raise click.ClickException(f"{file.name}: {error}") from error


def _carry_out(plan: Plan, dry_run: bool, carry_out: Callable[[], object]) -> None:
    if not dry_run and not plan.refused:
        carry_out()
        db.session.commit()


def _show(plan: Plan, dry_run: bool, json_output: bool, one: str, many: str) -> None:
    if json_output:
        click.echo(json.dumps(plan.as_dict()))
    for row in () if json_output else plan.refused:
        click.echo(placed(row.row, row.field, row.reason), err=True)
    if plan.refused:
        rows = counted(len({row.row for row in plan.refused}), "row was", "rows were")
        raise click.ClickException(f"{rows} refused; nothing was changed.")
    if not json_output:
        for planned in plan.planned if dry_run else ():
            said = "; ".join(_change(change.field, change.before, change.after) for change in planned.changes)
            click.echo(f"{planned.key}: {said}")
        verb = "Would add" if dry_run else "Added"
        total = counted(len(plan.added), one, many)
        click.echo(f"{verb} {total}, {len(plan.changed):,} changed, {plan.unchanged:,} unchanged.")


def _change(field: str, before: str | None, after: str) -> str:
    return f"{field} {after}" if before is None else f"{field} {before} → {after}"


COMMANDS = (import_accounts, import_products)
