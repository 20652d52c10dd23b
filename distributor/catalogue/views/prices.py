"""A price changed in two steps: what it means for open and coming reports is said before it is saved."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from distributor import clock
from distributor.catalogue import lists, operations, queries, wording
from distributor.catalogue.queries import ProductRow
from distributor.catalogue.views.common import blueprint, product_page, reading_member, typed_of
from distributor.database import db
from distributor.errors import FieldError, InputRefused
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember, acting_upstream
from distributor.identity.current import signed_in
from distributor.usage_reports.typed_numbers import plain_number


@blueprint.post("/<uuid:uid>/price")
@signed_in
def change_price(uid: UUID) -> ResponseReturnValue:
    """Show what a price would mean, or set the one that was shown."""
    member = reading_member()
    product = queries.own_product(uid, member)
    acting = acting_upstream(member)
    operations.check_may_change(acting)
    currency, typed = request.form.get("currency", "").strip().upper(), request.form.get("price", "").strip()
    errors: list[FieldError] = []
    price = _plain(typed, errors)
    given = operations.checked_fields(product.sku, {"price": price or "-", "currency": currency}, errors)
    if errors:
        return product_page(member, product, {**typed_of(product), "price": typed, "currency": currency}, errors), 422
    present = _present(product, currency)
    stale = request.form.get("seen", "") != _seen(present) if request.form.get("step") == "save" else False
    if request.form.get("step") != "save" or stale:
        return _effect(member, product, currency, given["price"], present, stale=stale)
    at, fields = clock.now(), {"price": price, "currency": currency}
    step_up.require(member, at)
    put = operations.put_product(member.organization_id, product.sku, fields, acting, at)
    db.session.commit()
    flash(_saved(put.priced), "success")
    return redirect(url_for(".show", uid=uid))


def _plain(typed: str, errors: list[FieldError]) -> str:
    try:
        return plain_number(typed, "price")
    except InputRefused as refused:
        errors += refused.errors
        return typed


def _present(product: ProductRow, currency: str) -> Decimal | None:
    found = dict(product.prices or ()).get(currency)
    return None if found is None else Decimal(found)


def _seen(present: Decimal | None) -> str:
    return "" if present is None else f"{present.normalize():f}"


def _effect(
    member: CurrentMember, product: ProductRow, currency: str, price: Decimal, present: Decimal | None, *, stale: bool
) -> ResponseReturnValue:
    page = render_template(
        "catalogue/price.html",
        product=product,
        currency=currency,
        price=price,
        present=present,
        typed=request.form.get("price", "").strip(),
        seen=_seen(present),
        stale=stale,
        use=lists.use_in_open_reports(member.organization_id, product.id, currency),
        wording=wording,
    )
    return page, 409 if stale else 200


def _saved(priced: int) -> str:
    if not priced:
        return gettext("The price is saved. Reports that open from now on have it.")
    return ngettext(
        "The price is saved. %(num)s open line that had none has it now.",
        "The price is saved. %(num)s open lines that had none have it now.",
        priced,
    )
