"""The catalogue over the API."""

from __future__ import annotations

from flask import Response
from flask_smorest import Blueprint

from distributor import clock
from distributor.api.answers import Answer, committed, respond
from distributor.api.bodies import json_object, query_of
from distributor.api.calls import call
from distributor.api.pages import page, uid_of, wrong_cursor
from distributor.catalogue import operations, queries, schemas
from distributor.errors import NotFound
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember, acting_upstream
from distributor.identity.current import require_member

blueprint = Blueprint("Products", __name__, url_prefix="/api/v1/products", description="The catalogue, with prices.")


@blueprint.route("", methods=["GET"])
@call("listProducts", schemas.Products, scope="reports:read", query=schemas.ProductsQuery, problems=(422,))
def index() -> Response:
    """List products

    Your own catalogue and those of the distributors you report to, by SKU.
    """
    member, wanted = require_member(), query_of(schemas.ProductsQuery)
    rows = queries.products(
        member, search=wanted["search"], currency=wanted.get("currency"), after=_position(wanted.get("cursor"), member),
        limit=wanted["limit"] + 1,
    )  # fmt: skip
    return respond(Answer(page(rows, wanted["limit"], queries.product_shape, lambda row: row.uid)))


def _position(cursor: str | None, member: CurrentMember) -> tuple[str, int] | None:
    uid = uid_of(cursor)
    try:
        return queries.keyset(queries.product_by_uid(uid, member)) if uid else None
    except NotFound as error:
        raise wrong_cursor() from error


@blueprint.route("/<path:sku>", methods=["PUT"])
@call(
    "putProduct", schemas.PutProduct, scope="catalogue:write", body=schemas.ProductFields,
    also={201: "It is new."}, problems=(404, 409, 411, 413, 415, 422),
)  # fmt: skip
def put(sku: str) -> Response:
    """Put a product

    Makes it, or changes the fields that are given. A price is for reports that open from now on; open reports
    that have none for it get it at once. A price is refused with `step-up-required` unless the token's person has
    signed in or confirmed in the browser within the last ten minutes. A SKU with a line break is no address.
    """
    member = require_member()
    who = acting_upstream(member)
    operations.check_may_change(who)
    fields, at = json_object(), clock.now()
    made = operations.put_product(member.organization_id, sku, fields, who, at)
    if "price" in fields:
        step_up.require(member, at)
    body = {**queries.product_shape(made.product), "priced_lines": made.priced}
    return committed(Answer(body, 201 if made.created else 200))
