"""Single sign-on from the command line: the way back in for an organization whose provider is gone for good."""

from __future__ import annotations

import click

from distributor.cli.output import application, as_json, clock_of, command, say
from distributor.cli.setup import organization_named
from distributor.database import db
from distributor.single_sign_on import operations


@click.group()
def sso() -> None:
    """Single sign-on of an organization."""


@command(name="lift")
@click.option("--organization", "name", required=True, help="The organization that nobody can get into.")
@as_json
def lift(name: str, json_output: bool) -> None:
    """Let passwords and passkeys open an organization again that required single sign-on; make sure who asks."""
    with application():
        lifted = operations.lift(organization_named(name).id, clock_of(None))
        db.session.commit()
    done = f"{name} no longer requires single sign-on: its members' passwords and passkeys work again."
    as_before = f"{name} does not require single sign-on. Nothing was changed."
    say(done if lifted else as_before, {"organization": name, "lifted": lifted}, json_output)


sso.add_command(lift)
COMMANDS = (sso,)
