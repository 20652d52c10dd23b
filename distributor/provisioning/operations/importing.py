"""Usage into an account's cycle: all of it or nothing, the same again changes nothing (promise 11).

Locks are taken in one order: the account, its reports by id, then customers and products. So an import and an opening
take turns, and a submission either sees the new units or leaves them for later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import ngettext
from sqlalchemy import Row

from distributor.database import db
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import Acting
from distributor.provisioning.formats import MICROSOFT, SOURCE_TAKEN, RefusedRow, UsageFile
from distributor.provisioning.operations import additions, charges, following
from distributor.provisioning.operations.additions import AddedProduct
from distributor.provisioning.operations.following import ReportOutcome
from distributor.provisioning.operations.remarks import check_cycle, remarks
from distributor.provisioning.operations.resolving import Meaning, resolve
from distributor.provisioning.operations.snapshots import Counted, Delivery, Difference, put_snapshot
from distributor.provisioning.queries import account_for_update
from distributor.saying import said
from workflows.errors import NotPermitted
from workflows.report_cycle import Cycle
from workflows.usage_report import RULES, Step

AccountRow = Row[Any]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What an import did, or in a dry run would do. `rows` are those that were taken.

    `added`, `changed`, `removed`, `unchanged`: units of a customer and product against what the source had delivered
    for the cycle before. With anything `refused` (dry runs only) they tell what the file without those rows would do.
    `report`: the report of the file's cycle. `other_reports`: those of cycles that Microsoft's charges reach beside it.
    """

    rows: int
    added: int
    changed: int
    removed: int
    unchanged: int
    report: ReportOutcome | None
    refused: tuple[RefusedRow, ...] = ()
    products_added: tuple[AddedProduct, ...] = ()
    warnings: tuple[str, ...] = ()
    other_reports: tuple[ReportOutcome, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The shape of the REST API and of `--json`."""
        counts = {name: getattr(self, name) for name in ("rows", "added", "changed", "removed", "unchanged")}
        return {
            **counts,
            "report": self.report.as_dict() if self.report else None,
            "refused": [{"row": r.row, "field": r.field, "reason": said(r.reason)} for r in self.refused],
            "products_added": [product.as_dict() for product in self.products_added],
            "warnings": list(self.warnings),
            "other_reports": [report.as_dict() for report in self.other_reports],
        }


def import_usage(
    account: AccountRow,
    cycle: Cycle,
    file: UsageFile,
    acting: Acting,
    at: datetime,
    *,
    add_products: bool = False,
    dry_run: bool = False,
    file_name: str | None = None,
) -> ImportResult:
    """Make the file the source's usage of the cycle and bring open reports in step; a dry run only tells.

    Raises InputRefused with every refused row (a dry run returns them) and where another's file takes Microsoft's name,
    NotPermitted for the MSP's side, Forbidden
    where products would be added by somebody who is no admin.
    """
    check_may_import(acting)
    if file.takes_microsofts_name:
        raise InputRefused(said(SOURCE_TAKEN), [FieldError(said(SOURCE_TAKEN), "source")])
    locked = account_for_update(account.id)
    check_cycle(cycle, at)
    meaning = resolve(locked, file, add_products=add_products)
    additions.check_may_add(meaning.new_products, acting)
    if meaning.refused and not dry_run:
        raise _refusal(meaning.refused)
    work = _Import(locked, cycle, file, meaning, acting, at, file_name)
    if not dry_run:
        return work.carry_out()
    with _taken_back():
        return replace(work.carry_out(), refused=tuple(meaning.refused))


def check_may_import(acting: Acting) -> None:
    """Provisioned units come from the distributor's side or the service itself. Raises NotPermitted."""
    rule = RULES[Step.REFRESH]
    if not rule.permits(acting.actor):
        raise NotPermitted(Step.REFRESH, rule.performers)


def _refusal(refused: Sequence[RefusedRow]) -> InputRefused:
    why = ngettext(
        "%(num)s value was refused, so nothing of the file was imported. Correct it and import it again.",
        "%(num)s values were refused, so nothing of the file was imported. Correct it and import it again.",
        len(refused),
    )
    return InputRefused(why, [FieldError(said(wrong.reason), wrong.field, row=wrong.row) for wrong in refused])


@contextmanager
def _taken_back() -> Iterator[None]:
    savepoint = db.session.begin_nested()
    try:
        yield
    finally:
        savepoint.rollback()


@dataclass(frozen=True, slots=True)
class _Import:
    """One import on its way. The account's row is locked."""

    account: AccountRow
    cycle: Cycle
    file: UsageFile
    meaning: Meaning
    acting: Acting
    at: datetime
    file_name: str | None

    def carry_out(self) -> ImportResult:
        cycles = self._cycles()
        reports = following.lock_reports(self.account, cycles)
        warnings = remarks(self.account, self.cycle, self.file, self.at)
        product_ids, added, more = additions.add(self.account, self.meaning, self.at)
        differences = self._put(cycles, product_ids)
        outcomes = following.follow(reports, differences, self.acting, self.at)
        difference = differences[self.cycle]
        return ImportResult(
            self.meaning.rows, difference.added, difference.changed, difference.removed, difference.unchanged,
            outcomes.get(self.cycle), products_added=tuple(added), warnings=(*warnings, *more),
            other_reports=tuple(outcome for cycle, outcome in outcomes.items() if cycle != self.cycle),
        )  # fmt: skip

    def _cycles(self) -> list[Cycle]:
        if self.file.format != MICROSOFT:
            return [self.cycle]
        return charges.cycles_told_of(self.account, self.cycle, self.meaning.charges)

    def _put(self, cycles: Sequence[Cycle], product_ids: Mapping[str, int]) -> dict[Cycle, Difference]:
        delivery = Delivery(
            self.file.source, self.file.format, self.file.counted_at, self.at, self.acting.name, self.file_name
        )
        if self.file.format == MICROSOFT:
            ids = {sku: product_ids[target.sku] for sku, target in self.meaning.targets.items()}
            charges.replace_file(self.account, self.cycle, self.meaning.charges, ids)
            return charges.put_cycles(self.account, self.cycle, cycles, delivery)
        units = self.meaning.units
        counted = [Counted(row.ref, product_ids[row.sku], row.provisioned, row.used) for row in units]
        return {self.cycle: put_snapshot(self.account, self.cycle, counted, delivery)}
