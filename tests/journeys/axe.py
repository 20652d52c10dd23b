"""What axe complains of on a page that stands in a browser, also in another width and colour scheme."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import axe_playwright_python
from playwright.sync_api import Page

from tests.journeys.sampling import CONTRASTS, THINNED

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# A frame has no axe of its own: the page would wait for an answer that never comes.
QUICKLY = {"resultTypes": ["violations"], "preload": False, "iframes": False}
EVERYTHING = {"runOnly": TAGS, **QUICKLY}
FORM = {**EVERYTHING, "rules": {"color-contrast": {"enabled": False}}}
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, **QUICKLY}


class Look(NamedTuple):
    """How wide a page is and in which colours."""

    width: int
    theme: Literal["light", "dark"]


# A desk by day and a phone by night lay a page out most differently; only colours may change when these are crossed.
DIFFERENT = (Look(1440, "light"), Look(390, "dark"))
CROSSED = (Look(390, "light"), Look(1440, "dark"))
# Kinds of text by the look they were met in.
Known = dict[Look, set[str]]


def nothing_known() -> Known:
    return {look: set() for look in (*DIFFERENT, *CROSSED)}


# A new width or theme is there, and what observes it has answered, two frames later.
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
ARRIVED = """width => new Promise(done => {
    const inTwo = () => requestAnimationFrame(() => done(true));
    const again = () => requestAnimationFrame(innerWidth === width ? inTwo : again);
    again();
})"""


@cache
def script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def found_by_axe(page: Page) -> list[str]:
    """What axe complains of, a line each, with where."""
    _load(page)
    return _lines(page, page.evaluate("rules => axe.run(rules).then(found => found.violations)", EVERYTHING))


def found_by_day_and_night(page: Page, known: Known | None = None) -> list[str]:
    """What axe complains of on a desk in light and on a phone in the dark, where the page is left.

    Rows that look like others are taken off the page. `known` are the kinds of text that earlier pages had, for each
    look; this page's are added. Begins with the look in which the page before was left.
    """
    page.evaluate(THINNED)
    is_narrow = _width(page) == DIFFERENT[-1].width
    return [line for look in DIFFERENT[:: -1 if is_narrow else 1] for line in _found(page, look, known, FORM)]


def found_in_every_look(page: Page) -> list[str]:
    """What axe complains of in both widths and both themes."""
    return found_by_day_and_night(page) + [line for look in CROSSED for line in _found(page, look)]


def _found(page: Page, look: Look, known: Known | None = None, form: dict[str, Any] | None = None) -> list[str]:
    """Whatever `form` finds, and texts that are hard to read."""
    show(page, look)
    _load(page)
    wrong = page.evaluate("rules => axe.run(rules).then(found => found.violations)", form) if form else []
    seen = known[look] if known else set()
    faint, kinds = page.evaluate(CONTRASTS, [sorted(seen), COLOURS])
    seen.update(kinds)
    return [f"{look.width} {look.theme} {line}" for line in _lines(page, wrong + faint)]


def show(page: Page, look: Look) -> None:
    """Show the page as it stands in another width and theme."""
    page.emulate_media(color_scheme=look.theme, reduced_motion="reduce")
    if _width(page) != look.width:
        page.set_viewport_size({"width": look.width, "height": 900})
    page.evaluate(ARRIVED, look.width)


def _width(page: Page) -> int | None:
    return page.viewport_size and page.viewport_size["width"]


def _load(page: Page) -> None:
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(script())


def _lines(page: Page, wrong: list[dict[str, Any]]) -> list[str]:
    return [
        f"{page.url} {rule['id']} ({rule['help']}): {node['target'][0]} {node['html'][:200]}"
        for rule in wrong
        for node in rule["nodes"][:3]
    ]
