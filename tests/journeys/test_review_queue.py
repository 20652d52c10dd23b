"""The review queue: narrowed, kept as a view, and walked from report to report."""

from __future__ import annotations

from playwright.sync_api import expect

from distributor.identity.acting import system
from distributor.usage_reports.operations import automatic
from tests.distributor.usage_reports.reviewing import of_partner, submitted
from tests.factories import Story, member
from tests.journeys.site import Site, follow
from workflows.usage_report import Role


def test_the_queue_is_narrowed_by_view_partner_cycle_and_status(site: Site, story: Story) -> None:
    story.open_account()
    risky, _ = story.open_account(("400", "290"))
    automatic.submit_due([risky.id], risky.due_at, system())
    page = site.member(story.reviewer)
    page.goto("/review")
    follow(page, "With penalty 1")
    expect(page.locator("tbody tr")).to_have_count(1)
    follow(page, "MSP preparing 1")
    expect(page.get_by_text("No report matches.")).to_be_visible()
    follow(page, "Clear filters")
    follow(page, "Under review 1")
    page.get_by_label("Partner or account").fill("nobody")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.get_by_text("No report matches.")).to_be_visible()
    page.get_by_label("Partner or account").fill("kestrel")
    page.get_by_label("Report cycle").select_option("All cycles")
    expect(page.locator("tbody tr")).to_have_count(1)


def test_a_view_is_saved_under_a_name_and_its_address_is_a_colleagues_too(site: Site, story: Story) -> None:
    of_partner(story, "Aldergate IT", ("400", "290"))
    submitted(story, ("20", "9"))
    page = site.member(story.reviewer)
    page.goto("/review?q=alder&sort=partner")
    page.get_by_text("Save view").first.click()
    page.get_by_label("Save these filters as").fill("My accounts")
    page.get_by_role("button", name="Save view").click()
    expect(page.get_by_role("link", name="My accounts 1")).to_have_attribute("aria-current", "page")
    colleague = site.member(member(story.distributor, Role.REVIEWER))
    colleague.goto(page.url)
    expect(colleague.locator("tbody tr")).to_have_count(1)
    expect(colleague.get_by_role("link", name="My accounts")).to_have_count(0)


def test_next_and_previous_go_through_the_queue_by_link_and_by_key(site: Site, story: Story) -> None:
    names = ["Aldergate IT", "Bluefin Systems", "Corrib Cloud"]
    for number, name in enumerate(names):
        of_partner(story, name, (str(400 - number), "290"))
    page = site.member(story.reviewer)
    page.goto("/review")
    follow(page, names[0])
    expect(page.locator(".crumbs")).to_contain_text("1 of 3")
    expect(page.get_by_role("link", name="Previous in the queue")).to_have_count(0)
    follow(page, "Next in the queue")
    expect(page.get_by_role("heading", level=1)).to_contain_text(names[1])
    for key, name in (("j", names[2]), ("k", names[1])):
        with page.expect_navigation(wait_until="load"):
            page.keyboard.press(key)
        expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    page.locator(".flag > summary").first.click()
    page.keyboard.type("jk")
    expect(page.locator("[data-note]").first).to_have_value("jk")
    page.locator(".flag > summary").first.focus()
    page.keyboard.press("j")
    expect(page.locator("[data-note]").first).to_have_value("jk")
