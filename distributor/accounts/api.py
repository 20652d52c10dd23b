"""Accounts over the API."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, url_for
from flask_smorest import Blueprint

from distributor import clock
from distributor.accounts import operations, queries, schemas
from distributor.accounts.proving import require_for_admins, require_for_admins_of_old_partners
from distributor.accounts.queries import AccountRow
from distributor.api.answers import Answer, committed, once, respond
from distributor.api.bodies import json_object, query_of
from distributor.api.calls import KEY, call
from distributor.api.figures import instant
from distributor.api.pages import page, uid_of, wrong_cursor
from distributor.errors import NotFound
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member

blueprint = Blueprint(
    "Accounts",
    __name__,
    url_prefix="/api/v1/accounts",
    description="Agreements between a distributor and an MSP, with their terms.",
)
GIVEN = (409, 411, 413, 415, 422)


@blueprint.route("", methods=["GET"])
@call("listAccounts", schemas.Accounts, scope="reports:read", query=schemas.AccountsQuery, problems=(422,))
def index() -> Response:
    """List accounts

    Accounts in sight on either side, by number.
    """
    member, wanted = require_member(), query_of(schemas.AccountsQuery)
    after = _position(wanted.get("cursor"), member)
    rows = queries.accounts_in_sight(member, search=wanted["search"], after=after, limit=wanted["limit"] + 1)
    return respond(Answer(page(rows, wanted["limit"], shape, lambda row: row.uid)))


def _position(cursor: str | None, member: CurrentMember) -> tuple[str, int] | None:
    uid = uid_of(cursor)
    try:
        return queries.keyset(queries.account(uid, member)) if uid else None
    except NotFound as error:
        raise wrong_cursor() from error


@blueprint.route("/<uuid:uid>", methods=["GET"])
@call("getAccount", schemas.Account, scope="reports:read", problems=(404,))
def show(uid: UUID) -> Response:
    """Read an account"""
    return respond(Answer(shape(queries.account(uid, require_member()))))


@blueprint.route("", methods=["POST"])
@call(
    "createAccount", schemas.Account, scope="accounts:write", status=201, body=schemas.NewAccount, headers=[KEY],
    location=True, problems=GIVEN,
)  # fmt: skip
def create() -> Response:
    """Take a partner on

    An account with its terms. The MSP is made where its name is new to you, and so are its contacts, who get
    a link to set their password by mail. A contact who becomes an admin of an MSP that you have already is refused with
    `step-up-required`, as in changing an account.
    """
    member = require_member()
    return once(member, lambda: _created(member))


def _created(member: CurrentMember) -> Answer:
    operations.check_may_change(member)
    at = clock.now()
    put = operations.create_account(member, json_object(), at)
    require_for_admins_of_old_partners(put, member, at)
    return Answer(shape(put.account), 201, {"Location": url_for("Accounts.show", uid=put.account.uid)})


@blueprint.route("/<uuid:uid>", methods=["PATCH"])
@call("updateAccount", schemas.Account, scope="accounts:write", body=schemas.AccountChange, problems=(404, *GIVEN))
def update(uid: UUID) -> Response:
    """Change an account

    Only what is named changes, and only for reports that open later. Contacts are added, never removed. Contacts with
    the role admin, and anything else than contacts, are refused with `step-up-required` unless the token's person has
    signed in or confirmed in the browser within the last ten minutes.
    """
    member = require_member()
    account = queries.account_for_update(uid, member)
    operations.check_may_change(member, account)
    changes, at = json_object(), clock.now()
    put = operations.update_account(account, changes, member, at)
    if changes.keys() - {"contacts"}:
        step_up.require(member, at)
    require_for_admins(put, member, at)
    return committed(Answer(shape(put.account)))


def shape(row: AccountRow) -> dict[str, Any]:
    """An account with its times as the API writes them."""
    return {**queries.account_shape(row), "next_opens_at": instant(row.next_opens_at)}
