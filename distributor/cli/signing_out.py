"""Ending sign-ins from the command line: one person's, or everybody's after something leaked."""

from __future__ import annotations

from datetime import datetime

import click
from sqlalchemy import select

from distributor.audit.operations import Fact, record_all
from distributor.cli.output import application, as_json, clock_of, command, counted, say
from distributor.database import db
from distributor.identity import queries, sessions, trail
from distributor.identity.acting import operator
from distributor.identity.models import Organization

ENDED = "session.ended_by_admin"


@command(name="sign-out")
@click.option("--email", help="Whose sign-ins end.")
@click.option("--everybody", is_flag=True, help="End every sign-in of this installation.")
@as_json
def sign_out(email: str | None, everybody: bool, json_output: bool) -> None:
    """End the sign-ins of a person or of everybody, at once. They can sign in again; API tokens go on working."""
    if bool(email) == everybody:
        raise click.UsageError("Name a person with --email, or say --everybody.")
    with application():
        at = clock_of(None)
        ended = _of_person(email, at) if email else _of_everybody(at)
        db.session.commit()
    whose = "everybody" if everybody else email
    say(f"Ended {counted(ended, 'sign-in', 'sign-ins')} of {whose}.", {"ended": ended}, json_output)


def _of_person(email: str, at: datetime) -> int:
    user_id = queries.person_by_email(email).id
    trail.note_by_operator(ENDED, user_id, at)
    return sessions.end(user_id, at)


def _of_everybody(at: datetime) -> int:
    here = db.session.scalars(select(Organization.id))
    record_all([Fact(ENDED, organization_id=one, details={"everybody": True}) for one in here], by=operator(), at=at)
    return sessions.end_all(at)
