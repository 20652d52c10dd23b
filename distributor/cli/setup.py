"""Setting an installation up: database, first distributor, members, tokens, demo data, and whether all is well."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from distributor import schema, tenancy
from distributor.accounts.operations import set_reporting
from distributor.api_tokens.operations import make
from distributor.audit.operations import record
from distributor.cli.output import application, as_json, clock_of, command, counted, database, read_password, say
from distributor.cli.signing_out import sign_out
from distributor.database import SERVICE_ROLE, db
from distributor.delivery.mailer import post_office
from distributor.errors import InputRefused
from distributor.identity import factors, queries, trail
from distributor.identity import operations as identity
from distributor.identity.acting import operator
from distributor.identity.models import Member, Organization, User
from distributor.scheduler.models import SetAside

# What a mail server may take to greet; a check should not keep anybody waiting for longer.
GREETING_SECONDS = 5.0


@command()
@as_json
def migrate(json_output: bool) -> None:
    """Bring the database to this release's tables, roles and workflow edges."""
    with database() as settings:
        revision = schema.migrate(str(settings.database_url))
    say(f"The database is at migration {revision}.", {"revision": revision}, json_output)


@command()
@click.option("--organization", "name", required=True, help="Name of the first distributor.")
@click.option("--admin", "email", required=True, help="E-mail address of its first admin.")
@click.option(
    "--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Read the password here."
)
@as_json
def init(name: str, email: str, password_file: Path | None, json_output: bool) -> None:
    """Make the first distributor and its admin, who may also review."""
    password = read_password(password_file)
    with database() as settings:
        schema.migrate(str(settings.database_url))
    with application():
        at = clock_of(None)
        made = identity.init_distributor(name, email, password, at)
        _note("organization.created", made, at, subject=name)
        _note("member.added_by_operator", made, at, roles=made.roles)
        db.session.commit()
    say(f"{name} is set up; {email} can sign in.", {"organization": name, "admin": email}, json_output)


@click.group()
def member() -> None:
    """Members of an organization."""


@command(name="add")
@click.option("--organization", "name", required=True, help="The organization's name.")
@click.option("--email", required=True)
@click.option("--name", "person", help="The person's name; the address when left out.")
@click.option(
    "--role", "roles", multiple=True, required=True, help="admin, preparer, reviewer or viewer; may be repeated."
)
@click.option(
    "--password-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Set this password at once."
)
@as_json
def add_member(
    name: str, email: str, person: str | None, roles: tuple[str, ...], password_file: Path | None, json_output: bool
) -> None:
    """Add a person to an organization; prints the link where they set their password."""
    with application() as app:
        at = clock_of(None)
        added = identity.add_member(organization_named(name), email, person or email, list(roles), at)
        user = db.session.get_one(User, added.user_id)
        if password_file:
            identity.set_password(user, read_password(password_file))
            link = None
        else:
            link = f"{app.config['SETTINGS'].public_url}/set-password/{identity.password_link(user, at)}"
        _note("member.added_by_operator", added, at, roles=added.roles, has_password=link is None)
        db.session.commit()
    answer = {"email": email, "organization": name, "roles": list(roles), "set_password": link}
    say(f"{email} is a member of {name}." + (f" Set the password at {link}" if link else ""), answer, json_output)


def _note(what: str, made: Member, at: datetime, subject: str = "", **details: Any) -> None:
    here, about = made.organization_id, subject or made.user.email
    record(what, by=operator(), at=at, organization_id=here, subject=about, details=details)


def organization_named(name: str) -> Organization:
    """The only organization of this name. Raises InputRefused."""
    found = db.session.scalars(select(Organization).filter_by(name=name)).all()
    if len(found) != 1:
        raise InputRefused(f"{'No organization has' if not found else 'Several organizations have'} the name {name!r}.")
    return found[0]


@command(name="reset-second-step")
@click.option("--email", required=True, help="Who lost telephone, passkeys and recovery codes.")
@click.option("--organization", help="One of the organizations they belong to, where there are several.")
@as_json
def reset_second_step(email: str, organization: str | None, json_output: bool) -> None:
    """Take somebody's one-time codes, passkeys and recovery codes away, so that they can set up new ones."""
    with application():
        person = queries.member_by_email(email, organization)
        had = factors.reset(person, clock_of(None))
        db.session.commit()
    what = "has no second step any more and is signed out everywhere" if had else "had no second step"
    say(f"{person.email} {what}.", {"email": person.email, "reset": had}, json_output)


@click.group()
def token() -> None:
    """API tokens."""


@command(name="create")
@click.option("--email", required=True, help="Whose token it is.")
@click.option("--organization", "organization_name", help="In which organization, where the person is in several.")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--scope", "scopes", multiple=True, required=True, help="Such as reports:read; may be repeated.")
@click.option("--expires-at", type=click.DateTime(["%Y-%m-%d"]), help="Day on which it ends, in UTC.")
@as_json
def create(
    email: str, organization_name: str | None, name: str, scopes: tuple[str, ...], expires_at: datetime | None,
    json_output: bool,
) -> None:  # fmt: skip
    """Make an API token; it is shown once."""
    from datetime import UTC

    with application():
        member_row = queries.member_by_email(email, organization_name)
        ends = expires_at.replace(tzinfo=UTC) if expires_at else None
        secret, row = make(member_row, name, list(scopes), ends, clock_of(None), by=operator())
        answer = {
            "token": secret, "prefix": row.prefix, "scopes": row.scopes,
            "expires_at": row.expires_at.isoformat() if row.expires_at else None,
        }  # fmt: skip
        db.session.commit()
    say(f"{secret}\nKeep it now: it is not shown again.", answer, json_output)


@command()
@as_json
@click.option("--demo", "allowed", is_flag=True, help="Confirm that DATABASE_URL names a database for demo data.")
def demo(allowed: bool, json_output: bool) -> None:
    """Fill an empty database with a year of realistic data; prints who can sign in."""
    from distributor.demo.fill import announce, check_allowed, fill

    with database() as settings:
        check_allowed(settings, allowed)
        schema.migrate(str(settings.database_url))
        members = fill(settings)
    if json_output:
        click.echo(json.dumps({"members": [dataclasses.asdict(one) for one in members]}))
    else:
        announce(members)


@command()
@as_json
def check(json_output: bool) -> None:
    """Check configuration, database role and mail; non-zero when something is wrong."""
    with application() as app:
        with db.engine.connect() as connection:
            problems = tenancy.gaps(connection)
        aside = db.session.scalars(select(SetAside)).all()
        mail = app.config["SETTINGS"].mail.server
        silent = _mail_problem()
    problems += [
        f"{row.job} set {row.subject_id} aside after {counted(row.attempts, 'try', 'tries')}: {row.error}"
        for row in aside
    ]
    problems += [silent] if silent else []
    answer = {"role": SERVICE_ROLE, "mail_server": mail, "problems": problems}
    if problems:
        click.echo(json.dumps(answer) if json_output else "\n".join(problems))
        raise click.ClickException(f"{counted(len(problems), 'problem', 'problems')} found.")
    mails = f"mail goes to {mail}" if mail else "no mail server is set, so mails wait in the outbox"
    say(f"All is well: the service works as {SERVICE_ROLE}; {mails}.", answer, json_output)


def _mail_problem() -> str | None:
    """Why mails would not go out now, and the way out; None where they would, or wait because no server is set."""
    office = post_office(GREETING_SECONDS)
    if office is None:
        return None
    with office:
        error = office.greet()
    server = f"{office.settings.server}:{office.settings.port}"
    way_out = (
        "Mails wait in the outbox. Check MAIL_SERVER, MAIL_PORT and the other MAIL_ settings, or unset MAIL_SERVER."
    )
    return f"The mail server {server} could not be used ({error}). {way_out}" if error else None


@command(name="link")
@click.option("--email", required=True, help="Whose password it sets.")
@as_json
def link_member(email: str, json_output: bool) -> None:
    """Print a new single-use link where a person sets their password; links that were mailed keep working."""
    with application() as app:
        at = clock_of(None)
        user = queries.person_by_email(email)
        link = f"{app.config['SETTINGS'].public_url}/set-password/{identity.password_link(user, at, beside=True)}"
        trail.note_by_operator("password.link_made", user.id, at)
        answer = {"email": user.email, "set_password": link, "expires_at": (at + identity.LINK_LIVES).isoformat()}
        db.session.commit()
    hours = int(identity.LINK_LIVES.total_seconds() // 3600)
    say(f"{answer['email']} sets a password at {link} within {hours} hours, once.", answer, json_output)


@command()
@click.option("--distributor", "name", required=True, help="The distributor's name.")
@click.option("--region", required=True)
@click.option("--type", "account_type", required=True, help="The accounts' type, such as MSP.")
@click.option("--on/--off", "on", default=None, help="Whether reports open for such accounts.")
@as_json
def reporting(name: str, region: str, account_type: str, on: bool | None, json_output: bool) -> None:
    """Switch usage reports of a region and account type on or off; open reports take their course."""
    if on is None:
        raise click.UsageError("Say which way: --on or --off.")
    with application():
        distributor = organization_named(name)
        if not distributor.is_distributor:
            raise InputRefused(f"{name} is no distributor.")
        known = set_reporting(distributor.id, region, account_type, on, operator(), at=clock_of(None))
        db.session.commit()
    answer = {"distributor": name, "region": region, "type": account_type, "usage_reports": on, "accounts": known}
    what = f"Usage reports of {region}, {account_type} are {'on' if on else 'off'} for {name}"
    say(f"{what}: {counted(known, 'account', 'accounts')}.", answer, json_output)


@command(name="take-partners")
@click.option("--organization", "name", required=True, help="The name of an organization that is an MSP so far.")
@as_json
def take_partners(name: str, json_output: bool) -> None:
    """Let an MSP take on partners of its own, whose distributor it then is; its own accounts stay as they are."""
    with application():
        changed = identity.let_distribute(organization_named(name), operator(), clock_of(None))
        db.session.commit()
    what = "can take on partners of its own now" if changed else "could take on partners of its own already"
    say(f"{name} {what}.", {"organization": name, "changed": changed}, json_output)


member.add_command(add_member)
member.add_command(link_member)
member.add_command(reset_second_step)
member.add_command(sign_out)
token.add_command(create)
COMMANDS = (migrate, init, member, token, reporting, take_partners, demo, check)
