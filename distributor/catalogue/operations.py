"""What changes the catalogue: products and their prices, and the lines that waited for a price."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import gettext, ngettext
from sqlalchemy import text

from distributor.audit.operations import Fact, record_all
from distributor.catalogue import trail
from distributor.catalogue.queries import ProductRow, product, products_by_sku, unit_price
from distributor.database import db
from distributor.errors import Conflict, FieldError, Forbidden, InputRefused
from distributor.identity.acting import Acting
from distributor.saying import said
from distributor.usage_reports.operations.usage import fill_missing_prices
from distributor.usage_reports.queries import ReportRow, reports_for_update
from distributor.words import fits_on_a_line, is_disguised
from workflows.errors import InvalidInput
from workflows.money import minor_unit
from workflows.units import BLANKS, parse_units
from workflows.usage_report import Role, Side

FINEST = 4
PRICE_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class PutProduct:
    """What putting a product came to. `priced`: lines of open reports that got the price they had waited for."""

    product: ProductRow
    created: bool
    priced: int


def put_product(distributor_id: int, sku: str, fields: Mapping[str, Any], acting: Acting, at: datetime) -> PutProduct:
    """Make a product, or change the fields given of one that is there; others keep their values.

    `fields`: name (needed for a new one), vendor, unit, precision, usage_source, reports_used_units, price and its
    currency. A price is for reports that open from now on; lines of open reports that have none get it now. Raises
    Forbidden for anybody but the distributor's admins, InputRefused naming every wrong field, Conflict where the
    precision is in use.
    """
    check_may_change(acting)
    errors: list[FieldError] = []
    given = checked_fields(sku, fields, errors)
    known = products_by_sku(distributor_id, [sku]).get(sku) if _is_sku(sku) else None
    if known is None and "name" not in given and not any(error.field == "name" for error in errors):
        errors.append(FieldError(gettext("A new product needs a name."), "name"))
    if errors:
        raise InputRefused(gettext("The product was refused. Nothing was changed."), errors)
    if known is not None:
        _check_precision(known, given)
    # Reports first: whoever imports holds them when it adds products.
    waiting = waiting_reports(distributor_id, product_id=known.id) if known and "price" in given else []
    product_id = _write_product(distributor_id, sku, given)
    before = unit_price(product_id, given["currency"]) if "price" in given else None
    _write_price(distributor_id, product_id, given, at)
    record_all(_facts(distributor_id, sku, known, before, given), by=acting, at=at)
    priced = sum(fill_missing_prices(report, acting, at) for report in waiting)
    return PutProduct(product(distributor_id, sku, given.get("currency")), known is None, priced)


def _facts(
    distributor_id: int, sku: str, known: ProductRow | None, before: Decimal | None, given: Mapping[str, Any]
) -> Iterator[Fact]:
    fields = {name: given[name] for name in COLUMNS if name in given}
    present = None if known is None else {name: getattr(known, name) for name in fields}
    yield from trail.of_product(distributor_id, sku, present, fields)
    if "price" in given:
        yield from trail.of_price(distributor_id, sku, given["currency"], before, given["price"])


def fill_late_prices(distributor_id: int, acting: Acting, at: datetime) -> int:
    """Give every open report's unpriced lines the prices there are by now; returns how many lines. Safe to repeat."""
    check_may_change(acting)
    return sum(fill_missing_prices(report, acting, at) for report in waiting_reports(distributor_id))


def check_may_change(acting: Acting) -> None:
    """The catalogue is changed by the distributor's admins, or the service itself. Raises Forbidden."""
    actor = acting.actor
    if actor.side is not Side.SYSTEM and not (actor.side is Side.DISTRIBUTOR and Role.ADMIN in actor.roles):
        raise Forbidden(gettext("The catalogue is changed by the distributor's admins only."))


WAITING = """
SELECT DISTINCT r.id FROM usage_reports r JOIN usage_report_lines l ON l.report_id = r.id AND l.unit_price IS NULL
WHERE r.distributor_id = :distributor AND r.missing_prices > 0
  AND r.status IN ('msp_preparing', 'rejected', 'under_review')"""


def waiting_reports(distributor_id: int, *, product_id: int | None = None) -> Sequence[ReportRow]:
    """Reports with unpriced lines (of the product), locked in the order of their ids."""
    narrowed = WAITING + (" AND l.product_id = :product" if product_id is not None else "")
    given = {"distributor": distributor_id, **({"product": product_id} if product_id is not None else {})}
    ids = db.session.scalars(text(narrowed), given).all()
    locked = reports_for_update(ids) if ids else []
    return [report for report in locked if report.missing_prices and report.status != "approved"]


def checked_fields(sku: str, fields: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    """The fields given for a product, read and judged; what is wrong is added to `errors`."""
    given: dict[str, Any] = {}
    if not _is_sku(sku):
        why = gettext("A SKU has 1 to 100 characters on one line, without blanks around them.")
        errors.append(FieldError(why, "sku"))
    elif is_disguised(sku):
        why = gettext("Write each word of the SKU in the letters of one alphabet, without invisible signs.")
        errors.append(FieldError(why, "sku"))
    for name, value in fields.items():
        check = CHECKS.get(name)
        if check is None:
            why = gettext("A product has no field of this name. It has: %(names)s.", names=", ".join(CHECKS))
            errors.append(FieldError(why, name))
            continue
        try:
            given[name] = check(value)
        except (InputRefused, InvalidInput) as error:
            errors.append(FieldError(said(error), name))
    _check_price_has_currency(given, errors)
    return given


def _check_price_has_currency(given: dict[str, Any], errors: list[FieldError]) -> None:
    if given.get("price") is None:
        # Neither is stored without the other; a product read and put back may carry both as null.
        given.pop("price", None)
        given.pop("currency", None)
    elif given.get("currency") is None and not any(error.field == "currency" for error in errors):
        errors.append(FieldError(gettext("A price needs its currency, for example EUR."), "currency"))


def _is_text(value: object, least: int, most: int) -> bool:
    return isinstance(value, str) and least <= len(value.strip(BLANKS)) <= most and fits_on_a_line(value)


def _is_sku(value: str) -> bool:
    # An address that was no UTF-8 arrives with replacement signs.
    return _is_text(value, 1, 100) and value == value.strip(BLANKS) and "\ufffd" not in value


def _words(least: int, most: int) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not _is_text(value, least, most):
            raise InputRefused(gettext("Write %(least)s to %(most)s characters on one line.", least=least, most=most))
        return str(value).strip(BLANKS)

    return check


def _precision(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= FINEST:
        raise InputRefused(gettext("Precision is the number of decimals of the units, 0 to %(most)s.", most=FINEST))
    return value


def _usage_source(value: Any) -> str | None:
    if value not in (None, "feed", "manual"):
        raise InputRefused(gettext("Write feed, manual, or null to follow the account."))
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise InputRefused(gettext("Write true or false."))
    return value


def checked_price(value: Any) -> Decimal | None:
    """A price as a number. Raises InputRefused."""
    if value is None:
        return None
    try:
        return parse_units(value, PRICE_DECIMALS, "price")
    except InvalidInput as error:
        why = gettext(
            "“%(given)s” is no price: write a number from 0 with at most %(decimals)s decimals.",
            given=str(value)[:40],
            decimals=PRICE_DECIMALS,
        )
        raise InputRefused(why) from error


def _currency(value: Any) -> str | None:
    if value is not None:
        minor_unit(value)
    return value


CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _words(1, 300),
    "vendor": _words(0, 200),
    "unit": _words(1, 50),
    "precision": _precision,
    "usage_source": _usage_source,
    "reports_used_units": _flag,
    "price": checked_price,
    "currency": _currency,
}


HELD_BY_REPORTS = text("""
SELECT l.product_id, count(DISTINCT r.id) AS reports
FROM usage_reports r
JOIN usage_report_lines l ON l.report_id = r.id AND l.product_id = ANY(CAST(:products AS bigint[]))
WHERE r.distributor_id = :distributor AND r.status <> 'approved' GROUP BY l.product_id""")
FINER_USAGE = text("""
SELECT DISTINCT u.product_id
FROM usage_snapshots s
JOIN accounts a ON a.id = s.account_id AND s.cycle >= a.next_cycle
JOIN usage_rows u ON u.snapshot_id = s.id
JOIN unnest(CAST(:products AS bigint[]), CAST(:decimals AS int[])) AS wanted (product_id, decimals)
  ON wanted.product_id = u.product_id
WHERE s.distributor_id = :distributor AND s.is_current
  AND greatest(scale(trim_scale(u.provisioned_units)), scale(trim_scale(u.used_units))) > wanted.decimals""")


def precision_conflicts(distributor_id: int, wanted: Sequence[tuple[ProductRow, int]]) -> dict[str, str]:
    """Why products cannot have the precision wanted now, by SKU: lines keep the precision they opened with and an
    import is judged by the product's, so they must not drift apart.
    """
    changing = [(product, decimals) for product, decimals in wanted if product.precision != decimals]
    if not changing:
        return {}
    ids, decimals = [product.id for product, _ in changing], [wanted for _, wanted in changing]
    keys = {"distributor": distributor_id, "products": ids}
    held = {row.product_id: row.reports for row in db.session.execute(HELD_BY_REPORTS, keys)}
    finer = set(db.session.scalars(FINER_USAGE, {**keys, "decimals": decimals}))
    reasons = {product.sku: _why_not(product, places, held, finer) for product, places in changing}
    return {sku: reason for sku, reason in reasons.items() if reason}


def _why_not(product: ProductRow, decimals: int, held: Mapping[int, int], finer: Collection[int]) -> str | None:
    if product.id in held:
        return ngettext(
            "%(num)s open report has lines of %(sku)s. Its precision can change once they are approved.",
            "%(num)s open reports have lines of %(sku)s. Its precision can change once they are approved.",
            held[product.id],
            sku=product.sku,
        )
    if product.id not in finer:
        return None
    return gettext(
        "Usage of %(sku)s with more than %(decimals)s decimals waits for its report. Import it anew.",
        sku=product.sku,
        decimals=decimals,
    )


def _check_precision(known: ProductRow, given: Mapping[str, Any]) -> None:
    wanted = given.get("precision", known.precision)
    conflicts = precision_conflicts(known.distributor_id, [(known, wanted)])
    if known.sku in conflicts:
        raise Conflict(conflicts[known.sku])


INSERT = text("""
INSERT INTO products (distributor_id, sku, name) VALUES (:distributor, :sku, :name)
ON CONFLICT (distributor_id, sku) DO UPDATE SET name = products.name RETURNING id""")
COLUMNS = {
    "name": "name", "vendor": "vendor", "unit": "unit", "precision": '"precision"', "usage_source": "usage_source",
    "reports_used_units": "reports_used_units",
}  # fmt: skip


def _write_product(distributor_id: int, sku: str, given: Mapping[str, Any]) -> int:
    row = {"distributor": distributor_id, "sku": sku, "name": given.get("name", sku)}
    identity = int(db.session.execute(INSERT, row).scalar_one())
    changes = {name: given[name] for name in COLUMNS if name in given}
    if changes:
        sets = ", ".join(f"{COLUMNS[name]} = :{name}" for name in changes)
        db.session.execute(text(f"UPDATE products SET {sets} WHERE id = :id"), {**changes, "id": identity})  # noqa: S608 - columns of ours
    return identity


WRITE_PRICE = text("""
INSERT INTO prices (product_id, distributor_id, currency, unit_price, updated_at)
VALUES (:product, :distributor, :currency, :price, :at)
ON CONFLICT (product_id, currency) DO UPDATE SET unit_price = excluded.unit_price, updated_at = excluded.updated_at
WHERE prices.unit_price <> excluded.unit_price""")


def _write_price(distributor_id: int, product_id: int, given: Mapping[str, Any], at: datetime) -> None:
    if "price" in given:
        keys = {"product": product_id, "distributor": distributor_id, "at": at}
        db.session.execute(WRITE_PRICE, {**keys, "currency": given["currency"], "price": given["price"]})
