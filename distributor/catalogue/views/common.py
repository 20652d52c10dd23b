"""What the catalogue's pages share: the blueprint, who may read and change, a product's page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template

from distributor.catalogue import lists, operations, wording
from distributor.catalogue.queries import ProductRow
from distributor.errors import FieldError, NotFound
from distributor.identity.acting import CurrentMember, acting_upstream
from distributor.identity.current import require_member
from workflows.usage_report import Role

ONE_DIGIT = frozenset("0123456789")
blueprint = Blueprint("catalogue", __name__, url_prefix="/catalogue")


def reading_member() -> CurrentMember:
    """The distributor's member who reads. Raises NotFound for everybody else."""
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    return member


def changing_member() -> CurrentMember:
    """The distributor's admin. Raises NotFound, Forbidden."""
    member = reading_member()
    operations.check_may_change(acting_upstream(member))
    return member


def may_change(member: CurrentMember) -> bool:
    """Whether the member sees what changes the catalogue."""
    return Role.ADMIN in member.roles


def product_page(member: CurrentMember, product: ProductRow, typed: Any = None, errors: Any = ()) -> str:
    """One product; `typed` and `errors` are those of a refused form."""
    found: list[FieldError] = list(errors)
    return render_template(
        "catalogue/show.html",
        product=product,
        prices=lists.price_history(product.id),
        use=lists.use_in_open_reports(member.organization_id, product.id),
        around=lists.around(member.organization_id),
        may_change=may_change(member),
        typed=typed or typed_of(product),
        errors=found,
        by_field={error.field: error.reason for error in found},
        wording=wording,
    )


def typed_of(product: ProductRow) -> dict[str, str]:
    """The form as it stands before anybody typed."""
    names = ("sku", "name", "vendor", "unit", "precision")
    source = product.usage_source or "account"
    flag = "yes" if product.reports_used_units else ""
    return {**{name: str(getattr(product, name)) for name in names}, "usage_source": source, "reports_used_units": flag}


def fields_of(form: Any) -> dict[str, Any]:
    """What the form says, in the shape of `operations.put_product`, prices aside."""
    fields: dict[str, Any] = {name: form.get(name, "").strip() for name in ("name", "vendor", "unit")}
    precision = form.get("precision", "").strip()
    fields["precision"] = int(precision) if precision in ONE_DIGIT else precision
    source = form.get("usage_source", "")
    fields["usage_source"] = None if source == "account" else source
    fields["reports_used_units"] = form.get("reports_used_units") == "yes"
    return fields
