"""What pages are made of must fit the Content-Security-Policy, be there, and stay light."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from flask import Flask

from distributor.assets import PAGE_STYLES, SHEETS, static_url

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "distributor" / "static"
TEMPLATES = sorted(path for path in (ROOT / "templates").rglob("*.html") if "email" not in path.parts)
FIRST_VISIT_KB = 170  # leaves 130 kB of the 300 for the page itself, which has 56 with 500 lines, and for headers
REPORT_PAGE = (
    "vendor/tabler.min.css",
    "vendor/htmx.min.js",
    "vendor/inter-latin-wght-normal.woff2",
    "icons.svg",
    *(f"css/{name}.css" for name in SHEETS),
    *(f"css/{name}.css" for name in ("grid", "charts", "drawer", "print")),
)
SCRIPTS = ("app", "grid", "drawer")
IMPORT = re.compile(r"^import .*?\"(\.[^\"]+)\"", re.MULTILINE)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_page_holds_a_script_or_a_style_of_its_own(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", source)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_file_that_a_page_names_is_there(path: Path) -> None:
    named = re.findall(r"static_url\(['\"]([\w./-]+\.\w+)['\"]\)", path.read_text(encoding="utf-8"))
    assert [name for name in named if name != PAGE_STYLES and not (STATIC / name).is_file()] == []


def test_the_styles_of_every_page_travel_as_one_file(app: Flask) -> None:
    with app.test_request_context():
        answer = app.test_client().get(static_url(PAGE_STYLES))
    assert answer.mimetype == "text/css"
    assert answer.text == "".join((STATIC / f"css/{name}.css").read_text() for name in SHEETS)
    assert "immutable" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_icon_that_a_page_names_is_in_the_sprite(path: Path) -> None:
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))
    named = re.findall(r"\bicon\(\s*['\"]([\w-]+)['\"]", path.read_text(encoding="utf-8"))
    assert set(named) - sprite == set()


def test_tabler_comes_without_slow_rules_and_without_images_that_the_policy_stops() -> None:
    source = (STATIC / "vendor/tabler.min.css").read_text(encoding="utf-8")
    assert ":has(" not in source
    assert "data:" not in source


def test_every_file_that_a_stylesheet_names_is_there() -> None:
    named = {
        sheet.parent / name.strip("\"'")
        for sheet in STATIC.rglob("*.css")
        for name in re.findall(r"url\(([^)#]+)\)", sheet.read_text(encoding="utf-8"))
    }
    assert [path for path in named if not path.is_file()] == []


def test_every_module_that_a_script_imports_is_there() -> None:
    named = {
        script.parent / name
        for script in (STATIC / "js").rglob("*.js")
        for name in re.findall(r"^import .*?\"(\.[^\"]+)\"", script.read_text(encoding="utf-8"), re.M)
    }
    assert [path for path in named if not path.is_file()] == []


def test_the_files_of_the_report_page_are_light_on_the_first_visit() -> None:
    files = {STATIC / name for name in REPORT_PAGE} | scripts_behind(*(STATIC / f"js/{name}.js" for name in SCRIPTS))
    weight = sum(len(gzip.compress(path.read_bytes())) for path in files)
    assert weight < FIRST_VISIT_KB * 1000


def scripts_behind(*entries: Path) -> set[Path]:
    """Modules with everything they import."""
    found, waiting = set(), list(entries)
    while waiting:
        script = waiting.pop()
        if script not in found:
            found.add(script)
            waiting += [(script.parent / name).resolve() for name in IMPORT.findall(script.read_text(encoding="utf-8"))]
    return found
