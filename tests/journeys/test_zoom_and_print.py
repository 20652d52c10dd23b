"""Pages that are zoomed, narrow, in German, in colours of one's own, or on paper."""

from __future__ import annotations

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from tests.factories import Story
from tests.journeys.axe import SETTLED
from tests.journeys.demo_site import ADMIN, KESTREL, PREPARER, REVIEWER, DemoSite, addresses, report_of, shows
from tests.journeys.site import Site
from workflows.usage_report import Status

# 1440 pixels at 200 % and 400 %, a phone, and the narrowest that WCAG asks for.
NARROW = (720, 390, 360, 320)
# Tables may scroll by themselves; a form or a sentence that stands out of its panel is read by nobody.
CUT_OFF = """() => {
  const scrolls = (part, panel) => part !== panel
    && (getComputedStyle(part).overflowX !== 'visible' || scrolls(part.parentElement, panel));
  const standsOut = (part, panel) => {
    const { width, right } = part.getBoundingClientRect();
    return width > 1 && right > panel.getBoundingClientRect().right + 1 && !part.closest('table')
      && part.checkVisibility({ contentVisibilityAuto: true }) && !scrolls(part, panel);
  };
  return [...document.querySelectorAll('.panel')].flatMap(panel =>
    [...panel.querySelectorAll('button, dd, h2, input, label, p, select, textarea')]
      .filter(part => standsOut(part, panel)).slice(0, 1)
      .map(part => `“${(part.textContent || part.name).trim().slice(0, 40)}” is cut off`));
}"""
TOO_WIDE = "document.scrollingElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("who", [PREPARER, REVIEWER, ADMIN])
def test_no_page_scrolls_sideways_or_is_cut_off_zoomed_or_on_a_phone_not_even_in_german(
    demo_site: DemoSite, demo: Flask, who: str
) -> None:
    page = demo_site.person(who, locale="de-DE", width=NARROW[0])
    wrong = []
    for address in addresses(demo, who):
        if shows(page, address):
            wrong += [
                f"{address} at {width}: {what}" for width in from_here(page) for what in what_does_not_fit(page, width)
            ]
    assert wrong == []


def from_here(page: Page) -> tuple[int, ...]:
    """All widths, beginning with the one that the page before ended with."""
    return NARROW if width_of(page) == NARROW[0] else NARROW[::-1]


def width_of(page: Page) -> int | None:
    return page.viewport_size and page.viewport_size["width"]


def what_does_not_fit(page: Page, width: int) -> list[str]:
    if width_of(page) != width:
        page.set_viewport_size({"width": width, "height": 900})
    return [*(["it scrolls sideways"] if page.evaluate(TOO_WIDE) else []), *page.evaluate(CUT_OFF)]


def test_what_scrolls_inside_a_page_takes_the_focus_while_it_does(demo_site: DemoSite) -> None:
    page = demo_site.person(REVIEWER, width=320)
    page.goto(f"/review/{report_of(Status.UNDER_REVIEW)}")
    page.evaluate(SETTLED)
    scrolling = page.locator(".panel-scroll, .panel, .queue-scroll").evaluate_all(
        "boxes => boxes.filter(box => box.scrollWidth > box.clientWidth && getComputedStyle(box).overflowX === 'auto')"
        ".map(box => box.tabIndex === 0 || Boolean(box.querySelector('a, button, summary')))"
    )
    assert scrolling
    assert all(scrolling)


@pytest.fixture
def paper(demo_site: DemoSite) -> Page:
    """Kestrel's report as it is printed from a dark screen."""
    page = demo_site.person(PREPARER, theme="dark")
    page.goto(f"/reports/{report_of(Status.MSP_PREPARING, account=KESTREL)}")
    page.locator("[data-grid]").wait_for()
    page.get_by_role("button", name="Needs comment").click()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.set_viewport_size({"width": 690, "height": 970})
    return page


def test_a_printed_report_has_its_head_its_totals_and_every_line(paper: Page) -> None:
    expect(paper.get_by_role("heading", level=1)).to_be_visible()
    for words in (f"Account {KESTREL}", "Kestrel IT Services · Meridian Cloud Distribution", "34,280.90"):
        expect(paper.get_by_text(words, exact=True)).to_be_visible()
    expect(paper.locator("h1 .status, h1 + .status, .status").first).to_contain_text("MSP preparing")
    expect(paper.locator("tr.line:visible")).to_have_count(48)
    expect(paper.locator(".fold-row:visible")).to_have_count(0)


def test_a_printed_report_shows_whole_comments_and_nothing_to_press(paper: Page) -> None:
    words = paper.locator("textarea.comment").filter(has_not_text="").first
    assert words.evaluate("field => field.scrollHeight <= field.clientHeight + 1")
    for gone in (".side", ".dock", ".toolbar", ".btn", ".crumbs", ".idle"):
        expect(paper.locator(f"{gone}:visible")).to_have_count(0)
    assert paper.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert paper.locator("tr.line").first.evaluate("row => getComputedStyle(row).breakInside") == "avoid"
    assert not paper.evaluate(TOO_WIDE)


def test_nothing_moves_for_those_who_ask_for_rest(site: Site, story: Story) -> None:
    page = site.member(story.preparer)
    page.emulate_media(reduced_motion="reduce")
    page.goto("/reports")
    moving = "nodes => nodes.filter(node => parseFloat(getComputedStyle(node).transitionDuration) > 0).length"
    assert page.locator("*").evaluate_all(moving) == 0


def test_states_are_told_without_ones_colours(demo_site: DemoSite) -> None:
    page = demo_site.person(PREPARER)
    page.emulate_media(forced_colors="active")
    page.goto(f"/reports/{report_of(Status.MSP_PREPARING, account=KESTREL)}")
    need = page.locator("tr[data-state=need]").first
    field = need.locator(".units")
    assert field.evaluate("field => parseFloat(getComputedStyle(field).borderTopWidth)") >= 2
    expect(need.locator(".difference")).to_contain_text("comment needed")
    now, other = page.locator(".step.is-now > .dot"), page.locator(".step:not(.is-now) > .dot").first
    background = "dot => getComputedStyle(dot).backgroundColor"
    assert now.evaluate(background) != other.evaluate(background)
