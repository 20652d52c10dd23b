"""What people read when a sign-in through a provider opens nothing: what was wrong and what to do about it."""

from __future__ import annotations

from flask_babel import gettext

from distributor.single_sign_on.queries import Door


def refusal(reason: str, door: Door | None) -> str:
    """The sentence for a reason. Whatever of an ID token is wrong, its holder can only tell those who run things."""
    name = door.organization_name if door else ""
    known = {
        "state": gettext(
            "This sign-in took longer than ten minutes, was begun in another browser, or was used already. Begin again."
        ),
        "cancelled": gettext("The sign-in was cancelled at %(name)s. Nothing was changed.", name=name),
        "provider": gettext(
            "The sign-in service of %(name)s does not answer as it should. Try again in a moment; if it goes on, tell "
            "your admin.",
            name=name,
        ),
        "code": gettext(
            "%(name)s did not accept its own answer, as if it had been used already. Begin again.", name=name
        ),
        "client-secret": gettext(
            "%(name)s's sign-in service does not know this service any more: the client secret is wrong or has "
            "expired. Tell your admin.",
            name=name,
        ),
        **_about_people(name),
    }
    return known.get(reason) or gettext(
        "The answer of %(name)s's sign-in service did not stand up to the checks (%(what)s), so nobody was let in. "
        "Begin again; if it goes on, tell your admin.",
        name=name,
        what=reason,
    )


def _about_people(name: str) -> dict[str, str]:
    invite = gettext(
        "%(name)s vouches for you, and you are no member here. Open the link in your invitation, or ask its "
        "admin for one.",
        name=name,
    )
    return {
        "not-a-member": invite,
        "domain": gettext(
            "%(name)s vouches for an address outside its own domains. Sign in with your password, or ask its admin.",
            name=name,
        ),
        "email_verified": gettext(
            "%(name)s's sign-in service does not say that your e-mail address is yours (email_verified). Tell "
            "your admin.",
            name=name,
        ),
        "bound-otherwise": gettext(
            "Your address belongs to another person in %(name)s's sign-in service than the one who came first. If that "
            "is still you, an admin releases the binding on the page “Sign-in”.",
            name=name,
        ),
        "another-person": gettext(
            "%(name)s vouched for somebody else than who is signed in here. Confirm as yourself.", name=name
        ),
        "session": gettext("The sign-in that was to be confirmed is over. Sign in again."),
        "auth_time": gettext(
            "%(name)s's sign-in service did not ask again who you are. Confirm in another way.", name=name
        ),
    }
