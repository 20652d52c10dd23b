"""The distributor's admin: terms changed with their effect, a policy tried on the past, a file corrected."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import expect
from sqlalchemy import select

from distributor.accounts.models import Account
from distributor.database import db
from distributor.usage_reports.operations import steps
from tests.factories import CYCLE, OPENED_AT, Story, product
from tests.journeys.site import Site, follow, press


def stored(number: str) -> Account | None:
    """The account as the database has it now."""
    db.session.rollback()
    return db.session.scalars(select(Account).filter_by(number=number)).one_or_none()


def test_terms_are_changed_after_their_effect_was_read(site: Site, story: Story) -> None:
    story.open(("40", None))
    page = site.member(story.admin)
    page.goto("/accounts")
    follow(page, "Kestrel IT Services")
    follow(page, "Change terms")
    page.get_by_label("Days until automatic submission").fill("14")
    page.get_by_label("Approval limit").fill("-5")
    press(page, "See what this changes")
    expect(page.locator("#approval_limit-error")).to_be_visible()
    expect(page.get_by_label("Days until automatic submission")).to_have_value("14")
    page.get_by_label("Approval limit").fill("500")
    press(page, "See what this changes")
    expect(page.get_by_text("the open October 2026 report keeps its terms")).to_be_visible()
    press(page, "Save 2 changes")
    expect(page.get_by_text("2 changes saved.")).to_be_visible()
    account = stored(story.account.number)
    assert account is not None
    assert (account.auto_submit_after_days, account.approval_limit) == (14, Decimal(500))


def test_a_policy_is_tried_on_the_past_and_switched_on(site: Site, story: Story) -> None:
    earlier = story.open(("40", None), cycle=CYCLE.previous(), at=OPENED_AT - timedelta(days=30))
    steps.submit(story.report(earlier), story.by(story.preparer), OPENED_AT - timedelta(days=29))
    steps.approve(story.report(earlier), story.by(story.reviewer), OPENED_AT - timedelta(days=28))
    steps.submit(story.open(("41", None)), story.by(story.preparer), OPENED_AT)
    page = site.member(story.admin)
    page.goto("/policy")
    press(page, "Try it on the last 12 months")
    expect(page.get_by_text("This policy would have approved 1 of 2 reports")).to_be_visible()
    follow(page, "2 %")
    expect(page.get_by_text("would have approved none of the 2 reports")).to_be_visible()
    follow(page, "10 %")
    press(page, "Switch on for the selected accounts")
    expect(page.get_by_text("1 report that is under review now is approved at once.")).to_be_visible()
    press(page, "Switch on for 1 account")
    expect(page.get_by_text("Clean reports of 1 account approve themselves within 10")).to_be_visible()
    account = stored(story.account.number)
    assert account is not None
    assert account.auto_approve_max_change_percent == 10


def test_a_file_with_a_refused_row_is_corrected_and_imported(site: Site, story: Story, tmp_path: Path) -> None:
    wrong, right = tmp_path / "wrong.csv", tmp_path / "right.csv"
    wrong.write_text("number,msp,auto_submit_after_days\nN-1,Newcomer,99\nN-2,Newcomer,12\n")
    right.write_text("number,msp,auto_submit_after_days\nN-1,Newcomer,9\nN-2,Newcomer,12\n")
    page = site.member(story.admin)
    page.goto("/accounts")
    follow(page, "Import")
    page.get_by_label("CSV or Excel file").set_input_files(wrong)
    press(page, "Check the file")
    expect(page.get_by_text("This file would be refused")).to_be_visible()
    expect(page.get_by_role("row", name="auto_submit_after_days")).to_contain_text("Write a whole number from 1 to 60.")
    assert stored("N-2") is None
    page.get_by_label("CSV or Excel file").set_input_files(right)
    press(page, "Check the file")
    press(page, "Import 2 accounts")
    expect(page.get_by_text("Imported: 2 added, 0 changed.")).to_be_visible()
    account = stored("N-1")
    assert account is not None
    assert account.auto_submit_after_days == 9


def test_a_price_is_changed_on_a_phone_without_scripts(site: Site, story: Story) -> None:
    product(story.distributor, "MBX", name="Mailbox")
    page = site.member(story.admin, width=390, scripts=False)
    page.goto("/catalogue")
    assert page.locator("html").evaluate("e => e.scrollWidth") <= 390
    page.get_by_role("link", name="Mailbox").click()
    page.get_by_label("New price").fill("3.10")
    page.get_by_role("button", name="See what this changes").click()
    expect(page.get_by_text("Reports in EUR that open from now on have the new price.")).to_be_visible()
    page.get_by_role("button", name="Save the price").click()
    expect(page.get_by_text("The price is saved.")).to_be_visible()
