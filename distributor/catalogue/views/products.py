"""The list of products, a new one, and one changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from distributor import clock
from distributor.catalogue import lists, operations, queries, wording
from distributor.catalogue.lists import ProductFilter
from distributor.catalogue.views.common import (
    blueprint,
    changing_member,
    fields_of,
    may_change,
    product_page,
    reading_member,
)
from distributor.database import db
from distributor.errors import Conflict, FieldError, InputRefused, NotFound
from distributor.identity import step_up
from distributor.identity.acting import CurrentMember, acting_upstream
from distributor.identity.current import signed_in
from distributor.problems import problem_of
from distributor.saying import said
from distributor.usage_reports.typed_numbers import plain_number
from distributor.words import on_a_line
from workflows.errors import Refused

PAGE = 50
NEW = {"unit": "seat", "precision": "0", "usage_source": "account"}


@blueprint.get("")
@signed_in
def index() -> str:
    """The distributor's products, a page at a time."""
    member, wanted = reading_member(), _wanted()
    found = lists.listed(member, wanted, after=_after(member), limit=PAGE + 1)
    around = lists.around(member.organization_id)
    return render_template(
        "catalogue/index.html",
        products=found[:PAGE],
        next_after=found[PAGE - 1].uid if len(found) > PAGE else "",
        paged="after" in request.args,
        wanted=wanted,
        around=around,
        unpriced=lists.unpriced(member.organization_id) if around.unpriced else [],
        may_change=may_change(member),
        wording=wording,
    )


def _wanted() -> ProductFilter:
    search, vendor = (on_a_line(request.args.get(name, "")).strip()[:200] for name in ("q", "vendor"))
    return ProductFilter(search, vendor)


def _after(member: CurrentMember) -> tuple[str, int] | None:
    text = request.args.get("after", "")
    try:
        return queries.keyset(queries.own_product(UUID(text), member)) if text else None
    except (ValueError, NotFound) as error:
        why = gettext("This page of the list does not exist. Start with the first.")
        raise InputRefused(why, [FieldError(why, "after")]) from error


@blueprint.get("/new")
@signed_in
def new() -> str:
    """The form of a new product."""
    return _form(changing_member(), NEW, [])


@blueprint.post("/new")
@signed_in
def create() -> ResponseReturnValue:
    """Make a product; a refusal keeps everything that was typed."""
    member, form = changing_member(), request.form
    sku, fields = form.get("sku", "").strip(), fields_of(form)
    typed = form.get("price", "").strip()
    try:
        if typed:
            fields |= {"price": plain_number(typed, "price"), "currency": form.get("currency", "").strip().upper()}
        _check_is_new(member, sku)
        put = operations.put_product(member.organization_id, sku, fields, acting_upstream(member), clock.now())
    except Refused as refused:
        db.session.rollback()
        return _form(member, form, _errors(refused, "sku")), problem_of(refused).status
    if typed:
        step_up.require(member, clock.now())
    db.session.commit()
    flash(gettext("%(name)s is in the catalogue.", name=put.product.name), "success")
    return redirect(url_for(".show", uid=put.product.uid))


def _check_is_new(member: CurrentMember, sku: str) -> None:
    if sku in queries.products_by_sku(member.organization_id, [sku]):
        raise Conflict(gettext("You have a product %(sku)s already. Change that one instead.", sku=sku))


def _errors(refused: Refused, field: str) -> list[FieldError]:
    """The refusal by field; one without fields stands beside `field`."""
    found = refused.errors if isinstance(refused, InputRefused) else []
    return found or [FieldError(said(refused), field)]


def _form(member: CurrentMember, typed: Any, errors: list[FieldError]) -> str:
    return render_template(
        "catalogue/new.html",
        typed=typed,
        errors=errors,
        by_field={error.field: error.reason for error in errors},
        around=lists.around(member.organization_id),
    )


@blueprint.get("/<uuid:uid>")
@signed_in
def show(uid: UUID) -> str:
    """One product: its fields, prices and what they were."""
    member = reading_member()
    return product_page(member, queries.own_product(uid, member))


@blueprint.post("/<uuid:uid>")
@signed_in
def change(uid: UUID) -> ResponseReturnValue:
    """Change a product's fields; its SKU stays."""
    member = reading_member()
    product = queries.own_product(uid, member)
    acting = acting_upstream(member)
    operations.check_may_change(acting)
    try:
        operations.put_product(member.organization_id, product.sku, fields_of(request.form), acting, clock.now())
    except Refused as refused:
        db.session.rollback()
        typed = {**request.form, "sku": product.sku}
        page = product_page(member, queries.own_product(uid, member), typed, _errors(refused, "precision"))
        return page, problem_of(refused).status
    db.session.commit()
    flash(gettext("The product is saved. Reports that are open keep the names they opened with."), "success")
    return redirect(url_for(".show", uid=uid))


@blueprint.post("/fill-prices")
@signed_in
def fill_prices() -> ResponseReturnValue:
    """Give open lines without a price those that the catalogue has by now."""
    member = changing_member()
    filled = operations.fill_late_prices(member.organization_id, acting_upstream(member), clock.now())
    db.session.commit()
    said = ngettext("%(num)s open line has its price now.", "%(num)s open lines have their price now.", filled)
    flash(said if filled else gettext("No open line has found its price yet."), "success" if filled else "warning")
    return redirect(url_for(".index"))
