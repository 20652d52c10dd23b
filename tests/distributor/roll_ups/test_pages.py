"""Rolling up in the browser: what is shown is what is done, and each side sees its own."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from flask import Flask

from distributor.spreadsheets.columns import KEYS
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from tests import clients
from tests.clients import Browser
from tests.distributor.roll_ups.tiers import AT, Partner, Tiers
from tests.distributor.spreadsheets.books import cell, grid_of
from tests.factories import member, product
from workflows.usage_report import Role


@pytest.fixture
def fenland(tiers: Tiers) -> Partner:
    partner = tiers.partner("Fenland", "FEN-1", ("MAIL", "40"), ("DISK", "3"))
    tiers.approve(partner)
    return partner


@pytest.fixture
def kestrel(app: Flask, tiers: Tiers) -> Browser:
    return clients.sign_in(app, tiers.kestrel)


def address(tiers: Tiers) -> str:
    return f"/reports/{tiers.above.uid}/roll-up"


def form_of(page: str) -> dict[str, list[str]]:
    """The hidden fields and the comment of the form that rolls up."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(version|seen|source|comment)" value="([^"]*)"', page):
        found.setdefault(name, []).append(value)
    return found


def test_the_page_shows_each_line_before_it_is_carried_up(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    tiers.partner("Harbour", "HAR-1", ("MAIL", "10"))
    page = kestrel.get(address(tiers)).text
    assert "1 of 2 reports are approved" in page
    assert re.search(r"Fenland.*FEN-1.*MAIL.*<b>40</b>.*80\.00", page, re.DOTALL)
    assert "86.00" in page
    assert "Roll up 1 report" in page
    assert tiers.lines() == {}


def test_it_does_what_it_showed_and_marks_the_lines(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    answer = kestrel.post(address(tiers), data=form_of(kestrel.get(address(tiers)).text), follow_redirects=True)
    assert "Rolled up: 2 lines changed." in answer.text
    assert answer.text.count("from a partner") == 2
    assert "1 of 1 report of your partners is approved." in answer.text
    assert "2 lines here were rolled up from 1 report" in answer.text


def test_what_moved_meanwhile_is_named_and_the_page_shows_what_would_be_now(
    kestrel: Browser, tiers: Tiers, fenland: Partner
) -> None:
    form = form_of(kestrel.get(address(tiers)).text)
    tiers.correct(fenland, "MAIL", "25")
    answer = kestrel.post(address(tiers), data=form)
    assert answer.status_code == 409
    assert "This report below is no longer as it was: Fenland." in answer.text
    assert "<b>45</b>" in answer.text
    assert tiers.lines() == {}
    assert kestrel.post(address(tiers), data=form_of(answer.text)).status_code == 302
    assert tiers.lines()["FEN-1", "MAIL"].chargeable_units == 45


def test_a_draft_saved_meanwhile_is_told_as_elsewhere(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    form = form_of(kestrel.get(address(tiers)).text)
    drafts.add_line(tiers.now(tiers.above), drafts.NewLine("MAIL", "1", "x", "X"), tiers.me, AT)
    answer = kestrel.post(address(tiers), data=form)
    assert answer.status_code == 412
    assert ("FEN-1", "MAIL") not in tiers.lines()


@pytest.mark.parametrize(
    "form", [{}, {"version": "1"}, {"version": "x", "seen": "y"}, {"version": "1", "seen": "\0", "source": "z"}]
)
def test_a_broken_form_rolls_nothing_up(kestrel: Browser, tiers: Tiers, fenland: Partner, form: dict[str, str]) -> None:
    assert kestrel.post(address(tiers), data=form).status_code in {409, 422}
    assert tiers.lines() == {}


def test_the_second_time_says_that_nothing_is_left_to_do(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    page = kestrel.get(address(tiers)).text
    assert "What is approved below is in this report already." in page
    assert form_of(page) == {}


def test_words_for_lines_of_a_late_feed_can_be_changed_and_are_kept_when_refused(
    kestrel: Browser, tiers: Tiers
) -> None:
    tiers.sell("FED", usage_source="feed")
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("FED", "6")))
    form = form_of(kestrel.get(address(tiers)).text)
    assert form["comment"] == ["Counted by our partners: from their approved usage reports of this cycle."]
    refused = kestrel.post(address(tiers), data={**form, "comment": " "})
    assert (refused.status_code, form_of(refused.text)["comment"]) == (422, [" "])
    assert kestrel.post(address(tiers), data={**form, "comment": "Counted by Fenland."}).status_code == 302
    assert tiers.lines()["FEN-1", "FED"].comment == "Counted by Fenland."


def test_lines_left_below_say_why(kestrel: Browser, tiers: Tiers) -> None:
    product(tiers.middle, "OWN")
    tiers.approve(tiers.partner("Fenland", "FEN-1", ("OWN", "4")))
    page = kestrel.get(address(tiers)).text
    assert "Your distributor’s catalogue has no product with this SKU." in page
    assert "Nothing to roll up" in page


def test_who_cannot_save_looks_and_cannot_roll_up(app: Flask, kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    form = form_of(kestrel.get(address(tiers)).text)
    viewer = clients.sign_in(app, member(tiers.middle, Role.VIEWER))
    page = viewer.get(address(tiers)).text
    assert "You can look, but not roll up" in page
    assert form_of(page) == {}
    assert viewer.post(address(tiers), data=form).status_code == 403


def test_a_report_under_review_is_shown_without_the_button(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    tiers.correct(fenland, "MAIL", "25")
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    assert "You can look, but not roll up" in kestrel.get(address(tiers)).text
    answer = kestrel.post(address(tiers), data={"version": "3", "seen": tiers.plan().digest})
    assert answer.status_code == 409


def test_nobody_else_finds_the_page(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    for who in (tiers.reviewer, fenland.preparer):
        browser = clients.sign_in(app, who)
        assert browser.get(address(tiers)).status_code == 404
        assert browser.post(address(tiers), data={"version": "1"}).status_code == 404
    below = f"/reports/{fenland.report.uid}/roll-up"
    assert clients.sign_in(app, tiers.kestrel).get(below).status_code == 404
    assert "No partner of yours reports" in clients.sign_in(app, fenland.preparer).get(below).text


def test_the_distributor_sees_marks_and_no_word_of_what_is_below(app: Flask, tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    browser = clients.sign_in(app, tiers.reviewer)
    page = browser.get(f"/review/{tiers.above.uid}?agreeing=9").text
    line = browser.get(f"/reports/{tiers.above.uid}/lines/{tiers.lines()['FEN-1', 'MAIL'].uid}").text
    assert "2 lines of this report were rolled up from 1 approved report of the MSP’s own partners" in page
    assert "Rolled up from a partner’s approved report." in page
    assert "From a partner of the MSP" in line
    for text in (page, line, browser.get(f"/reports/{tiers.above.uid}/history").text):
        assert "end customer" not in text
        assert str(fenland.report.uid) not in text
    assert browser.get(f"/review/{fenland.report.uid}").status_code == 404


def test_kestrel_is_led_to_the_report_below_and_told_when_it_changed(
    kestrel: Browser, tiers: Tiers, fenland: Partner
) -> None:
    tiers.roll_up()
    line = tiers.lines()["FEN-1", "MAIL"]
    drawer = f"/reports/{tiers.above.uid}/lines/{line.uid}"
    assert f"/review/{fenland.report.uid}" in kestrel.get(drawer).text
    tiers.reopen(fenland)
    page = kestrel.get(f"/reports/{tiers.above.uid}").text
    assert "1 of these reports has changed since it was rolled up." in page
    assert "changed below since" in page
    assert "That report has changed since." in kestrel.get(drawer).text


def test_a_figure_changed_by_hand_says_so_on_both_sides(
    app: Flask, kestrel: Browser, tiers: Tiers, fenland: Partner
) -> None:
    tiers.roll_up()
    line = tiers.lines()["FEN-1", "MAIL"]
    drafts.save_lines(tiers.now(tiers.above), [LineDraft(line.uid, chargeable_units="38")], tiers.me, AT)
    assert "was 40, changed here" in kestrel.get(f"/reports/{tiers.above.uid}").text
    assert "Somebody wrote 38 over the figure that was rolled up." in kestrel.get(address(tiers)).text
    steps.submit(tiers.now(tiers.above), tiers.me, AT)
    page = clients.sign_in(app, tiers.reviewer).get(f"/review/{tiers.above.uid}?agreeing=9").text
    assert "Rolled up from a partner’s approved report as 40, and changed by the MSP since." in page


def test_the_history_names_the_roll_up(kestrel: Browser, tiers: Tiers, fenland: Partner) -> None:
    tiers.roll_up()
    page = kestrel.get(f"/reports/{tiers.above.uid}/history").text
    assert f"Rolled up from 1 approved report by <b>{tiers.kestrel.name}</b>" in page


def test_names_are_shown_as_text(app: Flask, kestrel: Browser, tiers: Tiers) -> None:
    tiers.approve(tiers.partner("<b>Fenland</b>", "F&1", ("MAIL", "4")))
    page = kestrel.get(address(tiers)).text
    assert "<b>Fenland" not in page
    assert "&lt;b&gt;Fenland&lt;/b&gt;" in page


def test_the_workbook_has_a_column_of_what_was_rolled_up_and_hides_it_where_nothing_was(
    kestrel: Browser, tiers: Tiers, fenland: Partner
) -> None:
    export = f"/reports/{tiers.above.uid}/export.xlsx"
    place = KEYS.index("rolled_up_units") + 1
    assert column(kestrel.get(export).data, place)["hidden"] == "1"
    tiers.roll_up()
    content = kestrel.get(export).data
    assert "hidden" not in column(content, place)
    assert cell(grid_of(content), "Fenland", "rolled_up_units") in {3, 40}


def column(content: bytes, place: int) -> dict[str, str]:
    """The attributes of a column of the workbook's sheet, counted from 1."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    found = [dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in re.findall(r"<col ([^>]*)/>", sheet)]
    return next(one for one in found if int(one["min"]) <= place <= int(one["max"]))
