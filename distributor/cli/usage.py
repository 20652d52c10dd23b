"""`import-usage`: a usage file into an account's cycle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from distributor.accounts.queries import account_by_number
from distributor.cli.output import application, as_json, at_option, clock_of, command, counted, placed
from distributor.database import db
from distributor.identity.acting import operator
from distributor.provisioning.formats import COMMAND_LIMITS, UnreadableFile, read_usage
from distributor.provisioning.operations import ImportResult, import_usage
from workflows.report_cycle import Cycle, bounds


@command(name="import-usage")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--account", "number", required=True, help="The account's number.")
@click.option("--distributor", "distributor_name", help="The distributor, where the number is ambiguous.")
@click.option("--cycle", "cycle_text", required=True, help="The report cycle, such as 2026-10.")
@click.option(
    "--format", "file_format", help="distributor-csv, distributor-xlsx, json, microsoft or connect; read from the file."
)
@click.option(
    "--add-products", is_flag=True, help="Take products that the catalogue lacks from the file (name, unit, price)."
)
@click.option("--dry-run", is_flag=True, help="Show what would change and change nothing.")
@at_option
@as_json
def import_file(
    file: Path, number: str, distributor_name: str | None, cycle_text: str, file_format: str | None,
    add_products: bool, dry_run: bool, at: Any, json_output: bool,
) -> None:  # fmt: skip
    """Import usage from FILE: our CSV or XLSX, JSON, Microsoft's reconciliation file, CloudBlue Connect's usage."""
    cycle = Cycle.parse(cycle_text)
    with application():
        account = account_by_number(number, distributor_name)
        starts_on, ends_on = bounds(cycle, account.closing_day)
        try:
            with file.open("rb") as content:
                usage = read_usage(
                    content, name=file.name, cycle=cycle, starts_on=starts_on, ends_on=ends_on,
                    format=file_format, limits=COMMAND_LIMITS,
                )  # fmt: skip
        except UnreadableFile as error:
            raise click.ClickException(f"{file.name}: {error}") from error
        result = import_usage(
            account, cycle, usage, operator(), clock_of(at),
            add_products=add_products, dry_run=dry_run, file_name=file.name,
        )  # fmt: skip
        db.session.commit()
    _show(result, dry_run, json_output)


def _show(result: ImportResult, dry_run: bool, json_output: bool) -> None:
    if json_output:
        click.echo(json.dumps(result.as_dict(), default=str))
    for row in () if json_output else result.refused:
        click.echo(placed(row.row, row.field, row.reason), err=True)
    if result.refused:
        raise click.ClickException(
            f"{counted(len(result.refused), 'row was', 'rows were')} refused; nothing was changed."
        )
    if not json_output:
        _summary(result, dry_run)


def _summary(result: ImportResult, dry_run: bool) -> None:
    for product in result.products_added:
        click.echo(f"{'Would add' if dry_run else 'Added'} product {product}.")
    for warning in result.warnings:
        click.echo(warning)
    verb = "Would import" if dry_run else "Imported"
    click.echo(
        f"{verb} {counted(result.rows, 'row', 'rows')}: {result.added} added, {result.changed} changed, "
        f"{result.removed} removed, {result.unchanged} unchanged."
    )


COMMANDS = (import_file,)
