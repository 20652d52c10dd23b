"""axe finds nothing on any page nor in any state of one, in light and dark, on a desk and on a phone (WCAG 2.2 AA)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from distributor.accounts.models import Account
from distributor.database import db
from distributor.identity import operations
from distributor.identity.models import User
from tests.demo_database import AT
from tests.journeys.axe import found_by_day_and_night, found_in_every_look, nothing_known
from tests.journeys.demo_site import ADMIN, KESTREL, PREPARER, REVIEWER, DemoSite, addresses, report_of, shows
from workflows.usage_report import Status

POSTED = """([address, token]) => {
    const form = Object.assign(document.createElement("form"), {method: "post", action: address});
    form.append(Object.assign(document.createElement("input"), {name: "csrf_token", value: token}));
    document.body.append(form);
    form.submit();
}"""
# What an admin sees as a reviewer does is read once, with the reviewer.
API = "/api/v1/docs"
ADMINS = ("/accounts", "/catalogue", "/policy", "/brand", "/usage")
SEEN: dict[str, Callable[[str], bool]] = {
    PREPARER: lambda address: True,
    REVIEWER: lambda address: not address.startswith("/words"),
    ADMIN: lambda address: address.startswith(ADMINS),
}


@pytest.mark.parametrize("who", [PREPARER, REVIEWER, ADMIN])
def test_axe_finds_nothing(demo_site: DemoSite, demo: Flask, who: str) -> None:
    page = demo_site.person(who)
    wrong: list[str] = []
    known = nothing_known()
    for address in addresses(demo, who):
        if SEEN[who](address) and address != API and shows(page, address):
            wrong += found_by_day_and_night(page, known)
    assert wrong == []


def the_calls_of_the_api(page: Page) -> None:
    """A few of them: all are written by the same template, and all together are long."""
    page.goto(API)
    page.locator(".api-call:nth-of-type(n + 3), .api-contents li:nth-child(n + 3)").evaluate_all(
        "calls => calls.forEach(call => call.remove())"
    )


def kestrels_report(page: Page) -> None:
    page.goto(f"/reports/{report_of(Status.MSP_PREPARING, account=KESTREL)}")
    page.locator("[data-grid]").wait_for()


def an_open_line(page: Page) -> None:
    kestrels_report(page)
    page.locator("tr[data-state=need] .units").first.focus()
    page.keyboard.press("e")
    page.get_by_role("heading", name="Twelve months").wait_for()


def unsaved_and_selected_lines(page: Page) -> None:
    kestrels_report(page)
    page.locator("[data-grid]").evaluate("form => { form.dataset.autosaveMs = 3600000; }")
    page.get_by_role("button", name="Needs comment").click()
    page.locator("#line-search").fill("curragh")
    expect(page.locator("tr.line:visible")).to_have_count(1)
    page.locator("tr.line:visible .units").fill("many")
    page.locator("tr.line:visible .sku").click(modifiers=["Control"])
    expect(page.locator("[data-selection]")).to_be_visible()


def no_line_found(page: Page) -> None:
    kestrels_report(page)
    page.locator("#line-search").fill("nothing of that name")
    page.get_by_text("No line matches.").wait_for()


def the_list_of_keys(page: Page) -> None:
    kestrels_report(page)
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()


def the_search(page: Page) -> None:
    page.goto("/reports")
    page.keyboard.press("Control+k")
    page.keyboard.type("shannon")
    page.get_by_role("option", name="Shannon").first.wait_for()


def open_menus(page: Page) -> None:
    page.goto("/reports")
    for menu in page.locator("details[data-menu], details.topbar").all():
        menu.evaluate("menu => { menu.open = true; }")


def a_view_to_be_saved(page: Page) -> None:
    page.goto("/review?sort=partner")
    tick = page.locator('input[name="report"]:not(:disabled)')
    if tick.count():
        tick.first.check()
    page.get_by_text("Save view").first.click()


def a_note_on_a_line(page: Page) -> None:
    page.goto(f"/review/{report_of(Status.UNDER_REVIEW)}")
    page.locator(".option-reject input").check()
    page.locator(".flag").first.evaluate("flag => { flag.open = true; }")
    page.locator("[data-note]").first.fill("Send the order")
    expect(page.get_by_role("button", name="Reject with 1 note")).to_be_visible()


def evidence_for_a_reviewer(page: Page) -> None:
    page.goto(f"/review/{report_of(Status.UNDER_REVIEW)}")
    page.locator("a[data-evidence]").first.click()
    page.get_by_role("heading", name="Twelve months").wait_for()


def terms_with_their_effect(page: Page) -> None:
    page.goto(f"/accounts/{db.session.scalars(select(Account.uid).where(Account.number == KESTREL)).one()}/terms")
    page.get_by_label("Days until automatic submission").fill("21")
    page.get_by_role("button", name="See what this changes").click()
    page.get_by_role("button", name="Save 1 change").wait_for()


def terms_that_are_refused(page: Page) -> None:
    page.goto("/accounts/new")
    page.get_by_label("Approval limit").fill("-5")
    page.locator("main form").evaluate("form => { form.noValidate = true; }")
    page.locator("main form button").last.click()
    page.locator("[aria-invalid=true]").first.wait_for()


def accounts_of_a_file(page: Page) -> None:
    page.goto("/accounts/import")
    rows = b"number,msp,auto_submit_after_days\nN-1,Newcomer,99\nN-2,Newcomer,12\n"
    page.get_by_label("CSV or Excel file").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": rows})
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("This file would be refused").wait_for()


def usage_of_a_file(page: Page) -> None:
    page.goto("/usage")
    rows = b"customer_ref,customer_name,sku,provisioned_units\nnew,New Customer,NO-SUCH,many\n"
    page.locator("input[type=file]").set_input_files({"name": "u.csv", "mimeType": "text/csv", "buffer": rows})
    page.locator("[name=account]").select_option(index=1)
    page.get_by_role("button", name="Check only").click()
    page.get_by_role("heading", name="What has to be corrected").wait_for()


def no_such_page(page: Page) -> None:
    page.goto("/no-such-page")


def a_page_for_others(page: Page) -> None:
    page.goto("/policy")
    token = page.locator("meta[name=csrf-token]").get_attribute("content")
    with page.expect_navigation() as answered:
        page.evaluate(POSTED, ["/policy", token])
    assert answered.value is not None
    assert answered.value.status == 403


def a_report_that_moved_on(page: Page) -> None:
    page.goto(f"/review/{report_of(Status.UNDER_REVIEW)}")
    for version in page.locator("input[name=version]").all():
        version.evaluate("field => { field.value = 1; }")
    page.locator(".option-reject input").check()
    page.get_by_label("Reason, shown to the MSP").fill("Too late")
    with page.expect_navigation():
        page.locator("form .btn-reject:visible, form .btn-danger:visible").last.click()


def the_tour(page: Page) -> None:
    db.session.execute(update(User).values(words_seen_at=None))
    db.session.commit()
    page.goto("/reports")
    page.locator(".tour").wait_for()


def the_door_after_a_wrong_password(page: Page) -> None:
    page.context.clear_cookies()
    page.goto("/reports")
    page.locator("[name=email]").fill("nobody@kestrel.example")
    page.locator("[name=password]").fill("not the password")
    page.locator("form button.btn-primary").click()
    page.get_by_text("is not right").wait_for()


def a_password_to_be_set(page: Page) -> None:
    user = db.session.scalars(select(User).where(User.email == PREPARER)).one()
    token = operations.password_link(user, AT)
    db.session.commit()
    page.goto(f"/set-password/{token}")
    page.get_by_label("New password").wait_for()


def a_link_that_no_longer_works(page: Page) -> None:
    page.goto("/set-password/used-long-ago")


def words_after_the_session(page: Page) -> None:
    page.goto("/profile")
    page.context.clear_cookies()
    with page.expect_navigation():
        page.locator("main form button").first.click()


@dataclass(frozen=True, slots=True)
class State:
    """What somebody brought a page to."""

    who: str
    reached: Callable[[Page], None]

    def __str__(self) -> str:
        return self.reached.__name__


STATES = [
    *(State(PREPARER, reached) for reached in (
        kestrels_report, an_open_line, unsaved_and_selected_lines, no_line_found, the_list_of_keys, the_search,
        open_menus, the_tour, no_such_page, the_door_after_a_wrong_password, a_password_to_be_set,
        a_link_that_no_longer_works, words_after_the_session, the_calls_of_the_api,
    )),
    *(State(REVIEWER, reached) for reached in (
        a_view_to_be_saved, a_note_on_a_line, evidence_for_a_reviewer, a_report_that_moved_on, a_page_for_others,
    )),
    *(State(ADMIN, reached) for reached in (
        terms_with_their_effect, terms_that_are_refused, accounts_of_a_file, usage_of_a_file,
    )),
]  # fmt: skip


@pytest.mark.parametrize("state", STATES, ids=str)
def test_axe_finds_nothing_in_this_state(demo_site: DemoSite, state: State) -> None:
    page = demo_site.person(state.who)
    state.reached(page)
    assert found_in_every_look(page) == []
