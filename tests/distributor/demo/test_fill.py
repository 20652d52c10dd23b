"""The filled database: everything is in it, and every figure adds up."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from distributor.accounts.models import Account
from distributor.catalogue.models import Price
from distributor.config import SettingError, Settings
from distributor.database import db
from distributor.demo.fill import announce, fill, fill_if_empty
from distributor.identity import passwords
from distributor.identity.models import Organization, User
from distributor.usage_reports.queries import ACCOUNT, LINE, REPORT
from tests.demo_database import AT, Filled
from tests.distributor.demo.conftest import found
from workflows.report_cycle import Cycle


def test_fifty_six_people_can_sign_in(filled: Filled, record_property: Callable[[str, object], None]) -> None:
    record_property("seconds to fill", round(filled.seconds, 1))
    assert len({member.email for member in filled.members}) == 56
    assert {(member.side, member.role) for member in filled.members} == {
        ("msp", "preparer"), ("msp", "admin"), ("msp", "viewer"),
        ("distributor", "reviewer"), ("distributor", "admin"), ("distributor", "viewer"),
    }  # fmt: skip


@pytest.mark.usefixtures("demo")
class TestFilled:
    def test_one_distributor_and_fifty_msps_in_three_currencies_and_regions(self) -> None:
        one, fifty = (
            db.session.scalars(select(Organization).filter_by(is_distributor=side)).all() for side in (True, False)
        )
        accounts = db.session.scalars(select(Account)).all()
        assert (len(one), len(fifty), len(accounts)) == (1, 50, 50)
        assert {account.currency for account in accounts} == {"EUR", "GBP", "USD"}
        assert len({account.region for account in accounts}) == 3

    def test_resellers_of_north_america_have_no_reports(self) -> None:
        without = db.session.scalars(
            select(Account.account_type).where(Account.id.not_in(select(REPORT.c.account_id)))
        ).all()
        assert without == ["Reseller", "Reseller"]

    def test_thirteen_cycles_lead_up_to_the_newest(self) -> None:
        per_account = db.session.scalars(select(func.count()).select_from(REPORT).group_by(REPORT.c.account_id)).all()
        assert set(per_account) == {13}

    def test_prices_held_before_the_first_report_opened(self) -> None:
        assert db.session.scalar(select(func.max(Price.updated_at))) < db.session.scalar(
            select(func.min(REPORT.c.opened_at))
        )

    def test_the_newest_cycle_shows_every_status(self) -> None:
        statuses = {report.status for report in found(REPORT.c.cycle == Cycle(2026, 10).first_day)}
        assert statuses == {"msp_preparing", "under_review", "approved", "rejected"}

    def test_the_newest_cycle_shows_every_way_of_submitting(self) -> None:
        waiting = found(REPORT.c.cycle == Cycle(2026, 10).first_day, REPORT.c.status == "under_review")
        assert {report.submission_kind for report in waiting} == {"manual", "automatic", "automatic_with_penalty"}
        assert any(report.discrepancies == 0 for report in waiting)
        assert any(report.endorsed_by and report.amount > report.approval_limit for report in waiting)
        assert any(report.estimated for report in waiting)

    def test_some_reports_lack_figures_and_one_a_price(self) -> None:
        preparing = found(REPORT.c.status == "msp_preparing")
        assert [report.account_number for report in preparing if report.missing_prices] == ["MER-1027"]
        assert {"MER-1013", "MER-1033"} == {report.account_number for report in preparing if report.missing_figures}

    def test_a_rejected_report_has_notes_on_its_lines(self) -> None:
        (report, *_) = found(REPORT.c.status == "rejected")
        noted = select(LINE.c.reviewer_note).where(LINE.c.report_id == report.id, LINE.c.reviewer_note.is_not(None))
        assert len(db.session.scalars(noted).all()) == 2

    def test_history_is_approved_and_the_older_part_invoiced(self) -> None:
        old = found(REPORT.c.cycle < Cycle(2026, 9).first_day)
        assert {report.status for report in old} == {"approved"}
        assert all(report.invoiced_at for report in old if report.cycle < Cycle(2026, 8).first_day)

    def test_one_big_report_has_600_lines(self) -> None:
        assert db.session.scalar(select(func.max(REPORT.c.line_count))) == 600

    def test_totals_of_every_report_are_the_sums_of_its_lines(self) -> None:
        wrong = db.session.execute(
            text("""
SELECT r.id FROM usage_reports r
LEFT JOIN (SELECT report_id, count(*) AS lines, sum(amount) AS amount, sum(penalty) AS penalty, sum(at_risk) AS at_risk,
             sum(provisioned_units) AS provisioned, sum(chargeable_units) AS chargeable,
             count(*) FILTER (WHERE discrepancy) AS discrepancies
           FROM usage_report_lines GROUP BY report_id) l ON l.report_id = r.id
WHERE (r.line_count, r.amount, r.penalty, r.at_risk, r.provisioned_units, r.chargeable_units, r.discrepancies)
   <> (l.lines, l.amount, l.penalty, l.at_risk, coalesce(l.provisioned, 0), coalesce(l.chargeable, 0), l.discrepancies)
   OR l.lines IS NULL""")
        ).all()
        assert wrong == []

    def test_nothing_lies_in_the_future_and_nothing_is_overdue(self) -> None:
        assert db.session.scalar(text("SELECT max(at) FROM report_actions")) <= AT
        late = found(REPORT.c.status.in_(["msp_preparing", "rejected"]), REPORT.c.due_at <= AT)
        assert [report.account_number for report in late] == []
        assert db.session.scalar(select(func.min(ACCOUNT.c.next_opens_at))) > AT

    def test_mails_of_earlier_cycles_do_not_wait(self) -> None:
        waiting = text("SELECT min(created_at) FROM notifications WHERE status = 'waiting'")
        sent = text("SELECT count(*) FROM notifications WHERE status = 'sent' AND sent_at = created_at")
        assert (AT - db.session.scalar(waiting)).days < 15
        assert db.session.scalar(sent) > 1000

    def test_everybody_signs_in_with_the_password_that_is_printed(self, filled: Filled) -> None:
        (kept,) = db.session.scalars(select(User.password_hash).distinct()).all()
        assert passwords.is_right(filled.members[0].password, kept)
        assert db.session.scalar(select(func.count()).select_from(User)) == len(filled.members)


def test_a_filled_database_is_not_filled_again(filled: Filled) -> None:
    with pytest.raises(SettingError, match="not empty"):
        fill(filled.settings, AT)


def test_starting_again_tells_who_can_sign_in(filled: Filled) -> None:
    assert fill_if_empty(filled.settings, AT) == filled.members


def test_a_database_with_data_of_its_own_stays_as_it_is(settings: Settings, app: Flask) -> None:
    db.session.add(Organization(name="Ours", is_distributor=True))
    db.session.commit()
    assert fill_if_empty(settings, AT) == []
    with pytest.raises(SettingError, match="not empty"):
        fill(settings, AT)
    assert db.session.scalars(select(Organization.name)).all() == ["Ours"]


def test_the_people_of_the_story_are_announced_with_side_role_and_password(
    filled: Filled, capsys: pytest.CaptureFixture[str]
) -> None:
    announce(filled.members)
    printed = capsys.readouterr().out
    (aoife,) = (line for line in printed.splitlines() if "aoife.brennan" in line)
    assert aoife.split() == ["aoife.brennan@kestrel.example", "Kestrel", "IT", "Services", "msp", "preparer"]
    assert filled.members[0].password in printed
    assert "49 preparers of other MSPs" in printed
