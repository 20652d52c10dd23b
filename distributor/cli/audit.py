"""Checking the audit trail from the command line."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from sqlalchemy import select

from distributor.accounts.models import Account
from distributor.audit.verifying import Checked, Given, read_heads, verify
from distributor.cli.output import application, as_json, command, counted, say
from distributor.database import db
from distributor.errors import NotFound

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@command(name="verify-audit")
@click.option("--account", "number", help="Check the chains of the accounts with this number only.")
@click.option("--heads", "mails", type=FILE, multiple=True, help="A mail with heads, saved as text; may be repeated.")
@as_json
def verify_audit(number: str | None, mails: tuple[Path, ...], json_output: bool) -> None:
    """Compute every hash of the audit trail anew; exit code 1 names the first broken entry of each chain."""
    given = [head for mail in mails for head in _heads_in(mail)]
    with application():
        done = _together([verify(account, given) for account in _accounts(number)])
    answer = {**asdict(done), "ok": not done.broken}
    for broken in () if json_output else done.broken:
        click.echo(f"{broken.chain}, entry {broken.number}: {broken.why}", err=True)
    if json_output or not done.broken:
        say(_sentence(done), answer, json_output)
    if done.broken:
        raise click.ClickException(f"{counted(len(done.broken), 'chain is', 'chains are')} broken.")


def _heads_in(mail: Path) -> list[Given]:
    found = read_heads(mail.read_text("utf-8", "replace"))
    if not found:
        raise click.ClickException(f"{mail} holds no head. Save the whole mail as text.")
    return found


def _accounts(number: str | None) -> list[int | None]:
    """The accounts of this number, which several distributors may use; [None] for every chain there is."""
    if number is None:
        return [None]
    found: list[int | None] = list(db.session.scalars(select(Account.id).where(Account.number == number)))
    if not found:
        raise NotFound(f"An account with the number {number}")
    return found


def _together(parts: list[Checked]) -> Checked:
    return Checked(
        sum(part.chains for part in parts),
        sum(part.entries for part in parts),
        sum(part.heads for part in parts),
        [broken for part in parts for broken in part.broken],
    )


def _sentence(done: Checked) -> str:
    """What was looked at, in one line."""
    entries = f"{counted(done.entries, 'entry', 'entries')} in {counted(done.chains, 'chain', 'chains')}"
    kept = f", {counted(done.heads, 'kept head', 'kept heads')} agreed" if done.heads else ""
    return f"Verified {entries}{kept}."


COMMANDS = (verify_audit,)
