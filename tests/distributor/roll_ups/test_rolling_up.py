"""Rolling up: one saved draft that does what was shown, marks what it brought, and can be done again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from distributor.errors import InputRefused
from distributor.identity.acting import acting
from distributor.usage_reports import queries
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.roll_up_marks import below, summary_of, was_edited
from distributor.usage_reports.operations.roll_up_plans import Fate, Why
from distributor.usage_reports.operations.rolling_up import RollUpMoved, roll_up
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers
from tests.factories import CYCLE, OPENED_AT, customer, member, usage
from workflows.errors import NotPermitted, StaleVersion, TransitionNotAllowed
from workflows.usage_report import Role

LATER = AT + timedelta(hours=2)


@pytest.fixture
def fenland(tiers: Tiers) -> Partner:
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"), ("DISK", "3"))
    tiers.approve(partner)
    return partner


def test_lines_come_with_the_partner_as_customer_and_a_mark(tiers: Tiers, fenland: Partner) -> None:
    assert tiers.roll_up() == 2
    line = tiers.lines()["FEN-1", "MAIL"]
    assert (line.customer_name, line.chargeable_units, line.unit_price) == ("Fenland", 40, Decimal("2.00"))
    assert (line.rolled_up_units, line.rolled_up_at) == (40, AT)
    assert tiers.now(tiers.above).amount == Decimal("86.00")


def test_it_is_one_version_with_one_action_and_its_line_changes(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    assert tiers.now(tiers.above).version == 2
    newest = queries.history(tiers.above.id)[0]
    assert (newest.step, newest.details["rolled_up"], newest.details["reports"]) == ("save", 2, 1)
    assert {(row.field, row.new) for row in queries.changes(tiers.above.id)} == {("added", "40"), ("added", "3")}


def test_the_second_time_changes_nothing(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    assert not tiers.plan().is_news
    assert tiers.roll_up(LATER) == 0
    assert tiers.now(tiers.above).version == 2


def test_a_corrected_report_below_is_said_to_have_moved_and_rolled_up_again(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    tiers.correct(fenland, "MAIL", "25")
    found = below(tiers.above, tiers.middle.id).values()
    assert {(one.account, one.is_current) for one in found} == {("FEN-1", False)}
    assert {(one.pair.sku, one.fate) for one in tiers.plan().marking} == {
        ("MAIL", Fate.CHANGED),
        ("DISK", Fate.SAME),
    }
    assert tiers.roll_up(LATER) == 1
    assert tiers.lines()["FEN-1", "MAIL"].chargeable_units == 45
    assert all(one.is_current for one in below(tiers.above, tiers.middle.id).values())


def test_a_reopened_report_keeps_its_figures_above_until_it_is_approved_again(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    tiers.reopen(fenland)
    assert not tiers.plan().is_news
    assert tiers.lines()["FEN-1", "MAIL"].chargeable_units == 40
    assert not any(one.is_current for one in below(tiers.above, tiers.middle.id).values())


def test_an_invoice_below_changes_no_figure(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    admin = member(tiers.middle, Role.ADMIN)
    steps.invoice(tiers.now(fenland.report), acting(admin, fenland.report), AT)
    assert not tiers.plan().is_news
    assert all(one.is_current for one in below(tiers.above, tiers.middle.id).values())


def test_a_figure_written_over_a_carried_one_says_so_and_the_next_roll_up_shows_it(
    tiers: Tiers, fenland: Partner
) -> None:
    tiers.roll_up()
    line = tiers.lines()["FEN-1", "MAIL"]
    drafts.save_lines(tiers.now(tiers.above), [LineDraft(line.uid, chargeable_units="38")], tiers.me, LATER)
    assert was_edited(tiers.lines()["FEN-1", "MAIL"])
    (one,) = tiers.plan().marking
    assert one.was_edited
    assert [one.pair.held_units, one.units] == [38, 40]
    tiers.roll_up(LATER)
    assert not was_edited(tiers.lines()["FEN-1", "MAIL"])


def test_a_comment_on_a_carried_line_stays_and_is_no_edit_of_its_figure(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    line = tiers.lines()["FEN-1", "MAIL"]
    drafts.save_lines(tiers.now(tiers.above), [LineDraft(line.uid, comment="As agreed.")], tiers.me, LATER)
    tiers.correct(fenland, "MAIL", "25")
    tiers.roll_up(LATER)
    assert tiers.lines()["FEN-1", "MAIL"].comment == "As agreed."


def test_a_removed_line_takes_its_mark_along_and_comes_back_with_the_next_roll_up(
    tiers: Tiers, fenland: Partner
) -> None:
    tiers.roll_up()
    drafts.remove_line(tiers.now(tiers.above), tiers.lines()["FEN-1", "MAIL"].uid, tiers.me, LATER)
    summary = summary_of(tiers.lines().values())
    assert summary is not None
    assert (summary.lines, summary.customers) == (1, 1)
    assert tiers.roll_up(LATER) == 1


def test_a_product_that_is_gone_below_comes_to_nothing_above(tiers: Tiers) -> None:
    tiers.sell("EXTRA", usage_source="manual")
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"))
    new = drafts.NewLine("EXTRA", "5", "x", "X")
    drafts.add_line(tiers.now(partner.report), new, acting(partner.preparer, partner.report), AT)
    tiers.approve(partner)
    tiers.roll_up()
    tiers.reopen(partner)
    extra = next(line for line in queries.lines(partner.report.id) if line.sku == "EXTRA")
    drafts.remove_line(tiers.now(partner.report), extra.uid, acting(partner.preparer, partner.report), AT)
    tiers.approve(partner)
    tiers.roll_up(LATER)
    assert tiers.lines()["FEN-1", "EXTRA"].chargeable_units == 0


def test_a_figure_that_somebody_typed_before_is_marked_where_it_agrees(tiers: Tiers, fenland: Partner) -> None:
    drafts.add_line(tiers.now(tiers.above), drafts.NewLine("MAIL", "40", "FEN-1", "Fenland Ltd"), tiers.me, AT)
    assert tiers.roll_up() == 1
    line = tiers.lines()["FEN-1", "MAIL"]
    assert (line.customer_name, line.rolled_up_units) == ("Fenland Ltd", 40)


def test_lines_that_the_distributor_accepted_stay(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    noted = {tiers.lines()["FEN-1", "DISK"].uid: "How was this counted?"}
    steps.reject(tiers.now(tiers.above), acting(tiers.reviewer, tiers.above), AT, reason="One line.", notes=noted)
    tiers.correct(fenland, "MAIL", "25")
    assert {one.pair.sku: one.why for one in tiers.plan().of(Fate.LEFT)} == {"MAIL": Why.ACCEPTED}
    assert tiers.roll_up(LATER) == 0
    assert tiers.lines()["FEN-1", "MAIL"].chargeable_units == 40


def test_what_moved_meanwhile_is_refused_and_nothing_is_rolled_up(tiers: Tiers, fenland: Partner) -> None:
    seen = tiers.plan().digest
    tiers.correct(fenland, "MAIL", "25")
    with pytest.raises(RollUpMoved) as refused:
        roll_up(tiers.now(tiers.above), seen, tiers.me, AT)
    assert refused.value.plan.digest == tiers.plan().digest
    assert tiers.lines() == {}


def test_a_further_report_approved_meanwhile_is_refused_too(tiers: Tiers, fenland: Partner) -> None:
    harbour = tiers.partner("Harbour", "HAR-1", ("MAIL", "10"))
    seen = tiers.plan().digest
    tiers.approve(harbour)
    with pytest.raises(RollUpMoved):
        roll_up(tiers.now(tiers.above), seen, tiers.me, AT)


def test_only_who_may_save_the_report_rolls_up(tiers: Tiers, fenland: Partner) -> None:
    with pytest.raises(NotPermitted):
        roll_up(tiers.now(tiers.above), tiers.plan().digest, acting(tiers.as_viewer(), tiers.above), AT)
    with pytest.raises(NotPermitted):
        roll_up(tiers.now(tiers.above), tiers.plan().digest, acting(tiers.reviewer, tiers.above), AT)
    with pytest.raises(StaleVersion):
        roll_up(tiers.now(tiers.above), tiers.plan().digest, tiers.me, AT, version=9)


def test_a_report_under_review_takes_nothing_up(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    with pytest.raises(TransitionNotAllowed):
        tiers.roll_up(LATER)


def test_new_lines_of_a_feed_that_is_late_need_words(tiers: Tiers) -> None:
    tiers.sell("FED", usage_source="feed")
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("FED", "6")))
    with pytest.raises(InputRefused, match="needs? a comment"):
        tiers.roll_up(comment="  ")
    tiers.roll_up(comment="From the approved reports of our partners.")
    assert tiers.lines()["FEN-1", "FED"].comment == "From the approved reports of our partners."
    steps.submit(tiers.now(tiers.above), tiers.me, AT)


def test_lines_without_a_price_are_carried_and_wait_for_one(tiers: Tiers) -> None:
    tiers.sell("FREE", price=None)
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("FREE", "6")))
    tiers.roll_up()
    assert tiers.lines()["FEN-1", "FREE"].unit_price is None


def test_a_carried_figure_that_was_blanked_comes_back(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    line = tiers.lines()["FEN-1", "DISK"]
    drafts.save_lines(tiers.now(tiers.above), [LineDraft(line.uid, chargeable_units=None)], tiers.me, LATER)
    tiers.roll_up(LATER)
    assert tiers.lines()["FEN-1", "DISK"].chargeable_units == 3


def test_last_cycles_lines_that_nothing_below_speaks_for_come_to_nothing(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    november, opened = CYCLE.next(), OPENED_AT + timedelta(days=31)
    usage(fenland.account, [(customer(fenland.account), tiers.below("MAIL"), "7", None)], cycle=november)
    later = replace(fenland, report=tiers.open(fenland.account, november, opened))
    tiers.above = tiers.open(tiers.account, november, opened)
    tiers.approve(later, at=opened)
    tiers.roll_up(opened)
    assert {sku: line.chargeable_units for (_, sku), line in tiers.lines().items()} == {"MAIL": 7, "DISK": 0}


def test_an_account_below_that_got_another_number_is_not_counted_twice(tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    fenland.account.number = "FEN-2"
    tiers.roll_up(LATER)
    units = {ref: line.chargeable_units for (ref, sku), line in tiers.lines().items() if sku == "MAIL"}
    assert units == {"FEN-1": 0, "FEN-2": 40}
