"""Mails that are about no report: what each is called, where its button leads, and whom it may still reach."""

from __future__ import annotations

PASSWORD_LINK = "password_link"  # noqa: S105 - the name of a kind of mail
PASSWORD_RESET = "password_reset"  # noqa: S105 - the name of a kind of mail
PASSWORD_CHANGED = "password_changed"  # noqa: S105 - the name of a kind of mail
INVITED = "invited"
ADDRESS_NEW = "address_new"
ADDRESS_OLD = "address_old"
ADDRESS_CHANGED = "address_changed"
ROLES_CHANGED = "roles_changed"
MEMBER_REMOVED = "member_removed"
TOKEN_CREATED = "token_created"  # noqa: S105 - the name of a kind of mail
TOKEN_REVOKED = "token_revoked"  # noqa: S105 - the name of a kind of mail
TOKEN_REPORTED = "token_reported"  # noqa: S105 - the name of a kind of mail
TOKEN_REPORTED_TO_ADMIN = "token_reported_to_admin"  # noqa: S105 - the name of a kind of mail
TOKEN_EXPIRING = "token_expiring"  # noqa: S105 - the name of a kind of mail
FACTORS_CHANGED = "factors_changed"
AUDIT_HEADS = "audit_heads"
SUBSTITUTE_NAMED = "substitute_named"
SUBSTITUTE_ENDED = "substitute_ended"

# Below the service's own address; what follows the last slash is the mail's secret, where it has one.
PAGES = {
    PASSWORD_LINK: "set-password/%s",
    PASSWORD_RESET: "set-password/%s",
    PASSWORD_CHANGED: "forgotten-password",
    INVITED: "invitations/%s",
    ADDRESS_NEW: "change-address/%s",
    ADDRESS_OLD: "change-address/%s",
    ADDRESS_CHANGED: "sign-in",
    ROLES_CHANGED: "profile",
    MEMBER_REMOVED: "sign-in",
    TOKEN_CREATED: "profile#tokens",
    TOKEN_REVOKED: "profile#tokens",
    TOKEN_REPORTED: "profile#tokens",
    TOKEN_REPORTED_TO_ADMIN: "tokens",
    TOKEN_EXPIRING: "profile#tokens",
    FACTORS_CHANGED: "profile/security",
    AUDIT_HEADS: "audit",
    SUBSTITUTE_NAMED: "absence",
    SUBSTITUTE_ENDED: "absence",
}
PERSONAL = frozenset(PAGES)

# Nobody of the MSP has opened the report: the rungs that hear of it, from below.
TO_ADMINS, TO_DISTRIBUTOR = "unopened", "unopened_by_partner"
ESCALATIONS = (TO_ADMINS, TO_DISTRIBUTOR)

# Told to somebody who has just lost the membership that every other mail needs.
TO_ANYBODY = frozenset({MEMBER_REMOVED})
