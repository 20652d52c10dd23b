"""The facts of the audit trail in words."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext

from distributor.accounts.wording import labels as term_labels
from distributor.delegation.names import NAMES_BOTH


def kinds() -> dict[str, str]:
    """What a list can be narrowed to, by the facts' first word."""
    return {
        "report": gettext("Usage reports"),
        "evidence": gettext("Evidence packs"),
        "account": gettext("New accounts"),
        "terms": gettext("Terms"),
        "product": gettext("Products"),
        "price": gettext("Prices"),
        "policy": gettext("Approval policy"),
        "reporting": gettext("Where usage is reported"),
        "brand": gettext("E-mails and brand"),
        "organization": gettext("Organizations"),
        "member": gettext("Members and roles"),
        "substitute": gettext("Substitutes"),
        "sign_in": gettext("Refused sign-ins"),
        "access": gettext("Refused access"),
        "input": gettext("Refused input"),
        "link": gettext("Refused links"),
        "session": gettext("Sign-ins"),
        "password": gettext("Passwords"),
        "address": gettext("E-mail addresses"),
        "second_factor": gettext("Second factors"),
        "sso": gettext("Single sign-on"),
        "token": gettext("API tokens"),
    }


def what_happened(what: str) -> str:
    """A fact in words; one that has none is called by its own name."""
    return _reports().get(what) or _organizations().get(what) or _peoples().get(what) or _refusals().get(what) or what


def _reports() -> dict[str, str]:
    return {
        "report.open": gettext("Report opened"),
        "report.save": gettext("Draft saved"),
        "report.refresh": gettext("Usage refreshed"),
        "report.price": gettext("Missing price filled in"),
        "report.submit": gettext("Report submitted"),
        "report.auto_submit": gettext("Report submitted automatically"),
        "report.recall": gettext("Report recalled"),
        "report.waive": gettext("Penalty waived"),
        "report.endorse": gettext("Report endorsed"),
        "report.approve": gettext("Report approved"),
        "report.auto_approve": gettext("Report approved automatically"),
        "report.reject": gettext("Report rejected"),
        "report.reopen": gettext("Report reopened"),
        "report.invoice": gettext("Report marked as invoiced"),
        "evidence.made": gettext("Evidence pack made"),
        "account.created": gettext("Account made"),
        "terms.changed": gettext("Terms changed"),
    }


def _organizations() -> dict[str, str]:
    return {
        "product.created": gettext("Product made"),
        "product.changed": gettext("Product changed"),
        "price.changed": gettext("Price changed"),
        "organization.took_partners": gettext("Organization may take on partners of its own"),
        "policy.changed": gettext("Approval policy changed"),
        "reporting.set": gettext("Usage reports switched on or off"),
        "brand.changed": gettext("Brand changed"),
        "brand.logo_changed": gettext("Logo changed"),
        "brand.logo_removed": gettext("Logo removed"),
        "member.invited": gettext("Member invited"),
        "member.invited_again": gettext("Invitation sent again"),
        "member.invitation_revoked": gettext("Invitation revoked"),
        "member.joined": gettext("Invitation accepted"),
        "member.removed": gettext("Member removed"),
        "member.added": gettext("Contact added as a member"),
        "member.added_by_operator": gettext("Member added by the operator"),
        "organization.created": gettext("Organization set up"),
        "member.details_changed": gettext("Contact details changed"),
        "member.roles_changed": gettext("Roles changed"),
        "substitute.named": gettext("Substitute named"),
        "substitute.ended": gettext("Substitution ended"),
        "sso.changed": gettext("Single sign-on changed"),
        "sso.removed": gettext("Single sign-on removed"),
        "sso.bound": gettext("Sign-in bound to the provider"),
        "sso.lifted": gettext("Single sign-on no longer required, by the operator"),
        "sso.released": gettext("Sign-in released from the provider"),
    }


def _peoples() -> dict[str, str]:
    return {
        "sign_in.failed": gettext("Sign-in refused"),
        "session.started": gettext("Signed in"),
        "session.ended": gettext("Sign-in ended"),
        "session.ended_by_admin": gettext("Signed out by an admin"),
        "session.confirmed": gettext("Confirmed by the provider"),
        "identity.confirmed": gettext("Identity confirmed"),
        "identity.not_confirmed": gettext("Identity not confirmed"),
        "password.forgotten": gettext("Password forgotten"),
        "password.link_made": gettext("Link to set a password made by the operator"),
        "password.changed": gettext("Password changed"),
        "address.change_asked": gettext("Change of address asked for"),
        "address.change_confirmed": gettext("Change of address confirmed"),
        "address.change_stopped": gettext("Change of address stopped"),
        "address.changed": gettext("Address changed"),
        "codes.switched_on": gettext("One-time codes switched on"),
        "codes.switched_off": gettext("One-time codes switched off"),
        "passkey.added": gettext("Passkey added"),
        "passkey.removed": gettext("Passkey removed"),
        "recovery_codes.made": gettext("Recovery codes made"),
        "recovery_code.used": gettext("Recovery code used"),
        "second_factor.refused": gettext("Second factor refused"),
        "token.created": gettext("API token made"),
        "token.revoked": gettext("API token revoked"),
        "token.reported": gettext("API token reported as leaked"),
        "token.used_from_new_address": gettext("API token used from a new address"),
        "second_factor.required": gettext("Second step required of everybody"),
        "second_factor.left_to_members": gettext("Second step left to each member"),
        "second_factor.reset": gettext("Second step taken away"),
    }


def _refusals() -> dict[str, str]:
    return {
        "sign_in.refused": gettext("Sign-in through the provider refused"),
        "access.refused": gettext("Refused: not allowed, or not theirs"),
        "input.refused": gettext("Refused: input that looks meant to deceive"),
        "link.refused": gettext("Refused: a link that no longer works"),
        "session.refused": gettext("Refused: a sign-in that had been ended"),
        "token.refused": gettext("Refused: an API token that had been revoked"),
        "token.exposed": gettext("Refused: an API token in an address"),
    }


def changes_of(entry: Any) -> list[tuple[str, str, str]]:
    """The fields that changed: name, before, after; "–" where there is nothing."""
    known = {**term_labels(), "unit_price": gettext("Price of a unit"), "contact": gettext("Contact")}
    changes = entry.details.get("changes", {})
    pairs = {name: pair for name, pair in changes.items() if isinstance(pair, list) and len(pair) == 2}
    return [(str(known.get(name, name)), _said(pair[0]), _said(pair[1])) for name, pair in pairs.items()]


def others_of(entry: Any) -> list[tuple[str, str]]:
    """What else the entry says, by the names it is kept under: what is shown elsewhere is left out."""
    shown = {"changes", "notifications", "details"} if entry.action_id is not None else {"changes"}
    shown |= NAMES_BOTH
    kept = {name: value for name, value in entry.details.items() if name not in shown and value not in (None, "")}
    return [(name.replace("_", " "), _said(value)) for name, value in kept.items()]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(_said(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_said(one)}" for name, one in value.items())
    return "–" if value is None or value == "" else str(value)
