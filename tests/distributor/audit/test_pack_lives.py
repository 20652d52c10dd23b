"""A right pack verifies wherever its report stands and however it came there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from unittest.mock import ANY

import pytest
from flask import Flask
from sqlalchemy import update

from distributor.accounts.models import Account
from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft, NewLine
from distributor.usage_reports.queries import ReportRow
from tests.distributor.audit.packs import AT, OneReport, unpacked, verified
from tests.distributor.roll_ups.tiers import AT as TIERS_AT
from tests.distributor.roll_ups.tiers import Tiers
from tests.factories import CYCLE, OPENED_AT, customer, product, usage


def preparing(made: OneReport, report: ReportRow) -> None:
    drafts.save_lines(
        made.report(report), [LineDraft(made.lines(report)[1].uid, chargeable_units="11.5")], made.by(made.preparer), AT
    )


def submitted(made: OneReport, report: ReportRow) -> None:
    explained = [LineDraft(line.uid, comment="Agreed, “as is”\n\tfor now") for line in made.lines(report)]
    drafts.save_lines(made.report(report), explained, made.by(made.preparer), AT)
    steps.submit(made.report(report), made.by(made.preparer), AT)


def recalled(made: OneReport, report: ReportRow) -> None:
    submitted(made, report)
    steps.recall(made.report(report), made.by(made.preparer), AT)


def approved(made: OneReport, report: ReportRow) -> None:
    submitted(made, report)
    steps.approve(made.report(report), made.by(made.reviewer), AT)


def invoiced(made: OneReport, report: ReportRow) -> None:
    approved(made, report)
    steps.invoice(made.report(report), made.by(made.admin), AT)


def rejected(made: OneReport, report: ReportRow) -> None:
    submitted(made, report)
    note = {made.lines(report)[0].uid: "Why?"}
    steps.reject(made.report(report), made.by(made.reviewer), AT, reason="Look again", notes=note)


def submitted_again(made: OneReport, report: ReportRow) -> None:
    rejected(made, report)
    drafts.save_lines(
        made.report(report), [LineDraft(made.lines(report)[0].uid, comment="So")], made.by(made.preparer), AT
    )
    steps.submit(made.report(report), made.by(made.preparer), AT)


def reopened(made: OneReport, report: ReportRow) -> None:
    penalised(made, report)
    steps.approve(made.report(report), made.by(made.reviewer), AT)
    steps.reopen(made.report(report), made.by(made.reviewer), AT, reason="Wrong")


def penalised(made: OneReport, report: ReportRow) -> None:
    automatic.submit_due([report.id], report.due_at, system())


def rejected_with_penalty(made: OneReport, report: ReportRow) -> None:
    penalised(made, report)
    steps.reject(made.report(report), made.by(made.reviewer), report.due_at, reason="Look again")


def waived(made: OneReport, report: ReportRow) -> None:
    penalised(made, report)
    line = next(line for line in made.lines(report) if line.penalised)
    steps.waive(made.report(report), line.uid, made.by(made.reviewer), report.due_at, reason="A gift")


def approved_by_policy(made: OneReport, report: ReportRow) -> None:
    for line in made.lines(report):
        if line.used_units is not None:
            drafts.save_lines(
                made.report(report), [LineDraft(line.uid, chargeable_units="40")], made.by(made.preparer), AT
            )
    steps.submit(made.report(report), made.by(made.preparer), AT)
    steps.approve(made.report(report), made.by(made.reviewer), AT)
    usage(made.account, [(customer(made.account), product(made.distributor), "17", None)], cycle=CYCLE.next())
    following = made.open_cycle(CYCLE.next(), OPENED_AT + timedelta(days=31))
    made.uid = following.uid
    automatic.submit_due([following.id], following.due_at, system())
    terms = {"auto_approve_max_change_percent": 100}
    db.session.execute(update(Account).where(Account.id == made.account.id).values(terms))
    assert automatic.approve_by_policy([following.id], following.due_at, system())


def estimated(made: OneReport, report: ReportRow) -> None:
    """The next cycle's usage never came."""
    approved(made, report)
    following = made.open_cycle(CYCLE.next(), OPENED_AT + timedelta(days=31))
    made.uid = following.uid
    automatic.submit_due([following.id], following.due_at, system())
    assert any(line.estimated for line in made.lines(following))


def approved_after_waiver(made: OneReport, report: ReportRow) -> None:
    waived(made, report)
    steps.approve(made.report(report), made.by(made.reviewer), report.due_at)


LIVES = (
    preparing, submitted, recalled, approved, invoiced, rejected, submitted_again, reopened, penalised,
    rejected_with_penalty, waived, approved_after_waiver, approved_by_policy, estimated,
)  # fmt: skip


@pytest.mark.parametrize("life", LIVES)
def test_a_right_pack_verifies_wherever_its_report_stands(
    app: Flask, tmp_path: Path, life: Callable[[OneReport, ReportRow], None]
) -> None:
    made = OneReport(tolerance_percent=Decimal("1.5"), po_number="=PO “1”")
    sold = (("0.333335", "40", "38"), ("2.85", "12.5", None), ("1.005", "0", None))
    rows = [
        (customer(made.account), product(made.distributor, price=price, precision=1), provisioned, used)
        for price, provisioned, used in sold
    ]
    usage(made.account, rows)
    report = made.open_cycle()
    made.uid = report.uid
    life(made, report)
    assert verified(unpacked(app, made.uid, made.reviewer, tmp_path)) == (0, ANY), life.__name__


def test_a_pack_of_a_hand_counted_account_verifies(app: Flask, tmp_path: Path) -> None:
    """Nothing is provisioned, so nothing differs. A line is added, another added and taken away again."""
    made = OneReport(usage_source="manual")
    counted, gone = (product(made.distributor, usage_source="manual") for _ in range(2))
    report = made.open_cycle()
    made.uid = report.uid
    for one in (counted, gone):
        new = NewLine(sku=one.sku, customer_ref="moor", customer_name="Moor & Söhne", chargeable_units="7")
        _, uid = drafts.add_line(made.report(report), new, made.by(made.preparer), AT)
    drafts.remove_line(made.report(report), uid, made.by(made.preparer), AT)
    steps.submit(made.report(report), made.by(made.preparer), AT)
    assert verified(unpacked(app, made.uid, made.preparer, tmp_path)) == (0, ANY)


def test_a_pack_of_rolled_up_lines_verifies(app: Flask, tmp_path: Path) -> None:
    tiers = Tiers()
    tiers.sell("MAIL")
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"))
    tiers.approve(partner)
    tiers.roll_up()
    tiers.correct(partner, "MAIL", "25")
    tiers.roll_up()
    steps.submit(tiers.now(tiers.above), tiers.me, TIERS_AT)
    for uid, by in ((tiers.above.uid, tiers.reviewer), (partner.report.uid, tiers.kestrel)):
        folder = tmp_path / str(uid)
        assert verified(unpacked(app, uid, by, folder)) == (0, ANY)


def test_a_nil_report_verifies(app: Flask, tmp_path: Path) -> None:
    made = OneReport()
    report = made.open_cycle()
    made.uid = report.uid
    steps.submit(made.report(report), made.by(made.preparer), AT, nil=True)
    assert verified(unpacked(app, made.uid, made.preparer, tmp_path)) == (0, ANY)
