"""The page that asks a person to confirm that it is them: what it shows, and how it is answered.

A form that was refused because the last proof was too old stands in the page, unseen, and is sent on to where it was
going once the person has confirmed: nothing that was typed is lost.
"""

from __future__ import annotations

from flask import current_app, render_template, request
from werkzeug.datastructures import MultiDict

from distributor.identity import factors, passkeys, queries
from distributor.identity.acting import CurrentMember
from distributor.kept_words import Kept

# The page's own fields; whatever else is sent with it belongs to the form that waits.
OWN = "confirm_"


def page(member: CurrentMember, *, wanted: str, back: str, waiting: Kept | None = None, error: str = "") -> str:
    """The page. `wanted`: where to go afterwards; a `waiting` form is sent there. `back`: where to go instead."""
    held = factors.of_user(member.user_id)
    return render_template(
        "identity/confirm.html",
        member=member,
        wanted=wanted,
        back=back,
        waiting=waiting,
        error=error,
        has_password=queries.user(member.user_id).password_hash is not None,
        has_codes=held.codes,
        has_passkeys=held.passkeys > 0 and passkeys.possible(current_app.config["SETTINGS"]),
    )


def waiting_again() -> Kept | None:
    """The form that waits behind the page, as it was sent along with it; None where none does."""
    if not request.form.get(f"{OWN}resend"):
        return None
    return Kept(tuple(_fields(request.form)), (), had_file=False)


def _fields(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    return [
        (name, value) for name, value in form.items(multi=True) if not name.startswith(OWN) and name != "csrf_token"
    ]
