"""What axe complains of on a page that stands in a browser, also in another width and colour scheme."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
from playwright.sync_api import Page

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
QUICKLY = {"resultTypes": ["violations"], "preload": False}
FULL = {"runOnly": TAGS, **QUICKLY}
# What a theme changes; everything else was read in the other theme of the same width.
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast"]}, **QUICKLY}
Theme = Literal["light", "dark"]
# A desk by day and a phone by night lay a page out most differently.
DIFFERENT: tuple[tuple[int, Theme], ...] = ((1440, "light"), (390, "dark"))
CROSSED: tuple[tuple[int, Theme], ...] = ((390, "light"), (1440, "dark"))
# A new width or theme is there, and what observes it has answered, two frames later.
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


@cache
def script() -> str:
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")


def found_by_axe(page: Page, rules: dict[str, Any] = FULL) -> list[str]:
    """What axe complains of, a line each, with where."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(script())
    wrong = page.evaluate("rules => axe.run(rules).then(found => found.violations)", rules)
    return [
        f"{page.url} {rule['id']} ({rule['help']}): {node['target'][0]} {node['html'][:200]}"
        for rule in wrong
        for node in rule["nodes"][:3]
    ]


def found_by_day_and_night(page: Page) -> list[str]:
    """What axe complains of on a desk in light and on a phone in the dark, where the page is left."""
    return [f"{width} {theme} {wrong}" for width, theme in DIFFERENT for wrong in _found(page, width, theme, FULL)]


def found_in_every_look(page: Page) -> list[str]:
    """What axe complains of in both widths and both themes."""
    found = found_by_day_and_night(page)
    return found + [
        f"{width} {theme} {wrong}" for width, theme in CROSSED for wrong in _found(page, width, theme, COLOURS)
    ]


def _found(page: Page, width: int, theme: Theme, rules: dict[str, Any]) -> list[str]:
    look(page, width, theme)
    return found_by_axe(page, rules)


def look(page: Page, width: int, theme: Theme) -> None:
    """Show the page as it stands in another width and theme."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.wait_for_function("width => innerWidth === width", arg=width)
    page.evaluate(SETTLED)
