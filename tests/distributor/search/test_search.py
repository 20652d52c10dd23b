"""The search: what is found, where it leads, and what nobody else may find."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from flask import Flask

from distributor.database import db
from distributor.identity.acting import CurrentMember
from distributor.usage_reports.operations import steps
from distributor.usage_reports.queries import ReportRow
from tests.clients import sign_in, visitor
from tests.distributor.usage_reports.test_pages import counted_queries
from tests.factories import OPENED_AT, Story, account, customer, member, organization, product, usage
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(number="MER-1042", po_number="PO-77120")


@pytest.fixture
def report(story: Story) -> ReportRow:
    """One line: Harbour Dental holds Backup Pro."""
    who = customer(story.account, "Harbour Dental")
    what = product(story.distributor, "BCK-365", name="Backup Pro", vendor="Acme")
    usage(story.account, [(who, what, "40", None)])
    return story.open_cycle()


def found(app: Flask, who: CurrentMember, text: str) -> dict[str, list[str]]:
    """Addresses of what is found, by kind."""
    page = sign_in(app, who).get("/search", query_string={"q": text})
    assert page.status_code == 200
    sections = re.findall(r'aria-labelledby="found-(\w+)".*?</section>', page.text, re.DOTALL)
    bodies = re.findall(r'aria-labelledby="found-\w+"(.*?)</section>', page.text, re.DOTALL)
    hrefs = [re.findall(r'class="found" href="([^"]+)"', body) for body in bodies]
    return dict(zip(sections, hrefs, strict=True))


def test_an_msp_finds_its_account_report_customer_and_product(app: Flask, story: Story, report: ReportRow) -> None:
    line = story.lines(report)[0]
    here, there = f"/reports/{report.uid}", f"/reports/{report.uid}#l-{line.uid}"
    assert found(app, story.preparer, "mer-1042") == {"accounts": ["/reports?q=MER-1042"], "reports": [here]}
    assert found(app, story.preparer, "dental") == {"customers": [there]}
    assert found(app, story.preparer, "backup")["products"] == [there]
    assert found(app, story.preparer, "365")["products"] == [there]


def test_a_distributor_is_led_to_its_own_pages(app: Flask, story: Story, report: ReportRow) -> None:
    line = story.lines(report)[0]
    seen = found(app, story.reviewer, "kestrel")
    assert seen == {"accounts": [f"/accounts/{story.account.uid}"], "reports": [f"/review/{report.uid}"]}
    assert found(app, story.reviewer, "harb den")["customers"] == [f"/review/{report.uid}#l-{line.uid}"]
    assert found(app, story.reviewer, "bck-365")["products"] == ["/catalogue?q=BCK-365"]


@pytest.mark.parametrize("text", ["October 2026", "2026-10", "oct", "2026", "PO-771", "po-77120", "meridian october"])
def test_a_report_is_found_by_cycle_and_by_po_number(app: Flask, story: Story, report: ReportRow, text: str) -> None:
    assert found(app, story.preparer, text)["reports"] == [f"/reports/{report.uid}"]


@pytest.mark.parametrize(
    "text", ["November 2026", "meridian 2025", "%", "__", "PO%", "1042%", "harbour_", "\\", "'", "' |"]
)
def test_what_is_not_there_is_not_found_and_signs_mean_themselves(
    app: Flask, story: Story, report: ReportRow, text: str
) -> None:
    assert not found(app, story.preparer, text).get("reports")
    assert not found(app, story.preparer, text).get("accounts")


def test_an_underscore_in_a_name_is_found_by_itself(app: Flask, story: Story) -> None:
    plain, odd = product(story.distributor, "AXB"), product(story.distributor, "A_B")
    assert found(app, story.reviewer, "A_B") == {"products": [f"/catalogue?q={odd.sku}"]}
    assert len(found(app, story.reviewer, "AXB")["products"]) == 1
    assert plain.sku == "AXB"


def test_strangers_find_nothing_of_it(app: Flask, story: Story, report: ReportRow) -> None:
    other = Story()
    stranger = member(organization("Elsewhere"), Role.ADMIN)
    for text in ("mer-1042", "dental", "backup", "october 2026", "po-77120", "kestrel"):
        for who in (other.preparer, other.reviewer, stranger):
            assert str(report.uid) not in str(found(app, who, text))
            assert "BCK-365" not in str(found(app, who, text))
            assert str(story.account.uid) not in str(found(app, who, text))


def test_two_msps_of_one_distributor_do_not_see_each_other(app: Flask, story: Story, report: ReportRow) -> None:
    rival = organization("Heron Hosting")
    account(story.distributor, rival, number="MER-2000")
    who = member(rival, Role.PREPARER)
    assert found(app, who, "dental") == {}
    assert found(app, who, "mer-") == {"accounts": ["/reports?q=MER-2000"]}
    assert list(found(app, who, "backup")) == ["products"]  # the catalogue of its distributor
    assert found(app, who, "backup")["products"] == ["/reports"]


def test_who_stands_on_both_sides_finds_both(app: Flask, story: Story, report: ReportRow) -> None:
    above = organization("Northern Tier", is_distributor=True)
    up = account(above, story.distributor, number="NT-1")
    seen = found(app, story.admin, "nt-1")
    assert seen["accounts"] == ["/reports?q=NT-1"]
    assert up.number == "NT-1"


def test_a_customer_whose_account_has_no_report_yet_leads_to_the_list(app: Flask, story: Story) -> None:
    customer(story.account, "Vacant Lot")
    assert found(app, story.preparer, "vacant") == {"customers": ["/reports"]}
    assert found(app, story.reviewer, "vacant") == {"customers": ["/accounts"]}


def test_letters_beyond_ascii_are_found(app: Flask, story: Story, report: ReportRow) -> None:
    customer(story.account, "Müller & Söhne")
    assert len(found(app, story.preparer, "Müller söhne")["customers"]) == 1


def test_an_empty_box_suggests_what_waits(app: Flask, story: Story, report: ReportRow) -> None:
    page = sign_in(app, story.preparer).get("/search/options")
    assert "Waiting for you" in page.text
    assert f"/reports/{report.uid}" in page.text
    nothing = sign_in(app, story.reviewer).get("/search/options")
    assert str(report.uid) not in nothing.text
    steps.submit(story.report(report), story.by(story.preparer), AT)
    assert f"/review/{report.uid}" in sign_in(app, story.reviewer).get("/search/options").text


def test_options_are_those_of_a_listbox_and_count_themselves(app: Flask, story: Story, report: ReportRow) -> None:
    page = sign_in(app, story.preparer).get("/search/options?q=october")
    assert 'data-said="1 result"' in page.text
    assert 'role="option" aria-selected="false"' in page.text
    assert "at least two letters" in sign_in(app, story.preparer).get("/search/options?q=x").text
    assert "Nothing that you may see" in sign_in(app, story.preparer).get("/search/options?q=zzz").text


def test_more_than_fit_are_cut_off_and_said(app: Flask, story: Story) -> None:
    for number in range(7):
        product(story.distributor, f"PEN-{number}")
    browser = sign_in(app, story.reviewer)
    box = browser.get("/search/options?q=pen-")
    assert box.text.count('class="found"') == 5
    assert "Show everything that was found" in box.text
    assert len(found(app, story.reviewer, "pen-")["products"]) == 7


def test_nobody_searches_without_signing_in(app: Flask) -> None:
    assert visitor(app).get("/search?q=x").location == "/sign-in?next=/search?q%3Dx"
    answer = visitor(app).get("/search/options?q=x", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.text) == (401, "")


@pytest.mark.parametrize("size", [2, 40])
def test_a_search_asks_the_database_a_fixed_number_of_times(app: Flask, story: Story, size: int) -> None:
    rows = [
        (customer(story.account, f"Dental {n}"), product(story.distributor, f"DEN-{n}"), "4", None) for n in range(size)
    ]
    usage(story.account, rows)
    story.open_cycle()
    browser = sign_in(app, story.preparer)
    with counted_queries() as seen:
        assert browser.get("/search?q=den").status_code == 200
    assert len(seen) <= 8, "\n".join(seen)


def test_the_index_serves_the_customers_search(app: Flask, story: Story) -> None:
    customer(story.account, "Harbour Dental")
    db.session.execute(db.text("SET LOCAL enable_seqscan = off"))
    asked = "SELECT 1 FROM customers WHERE customer_words(name, ref, distributor_id, msp_id) @@ '''harb'':*'::tsquery"
    plan = "\n".join(db.session.scalars(db.text(f"EXPLAIN {asked}")))
    assert "customers_words" in plan
