"""What docs/security/asvs.md says holds: no requirement is left out, its tests are there, its figures add up."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/security/asvs.md"
# A link to a file of ours, without the place in it.
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
STATUSES = ("met", "partly", "not met", "does not apply")

# How many requirements of level 1 and 2 each section of the standard's version 5.0.0 has; they come before level 3's.
ASKED = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2, "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2, "4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
    "5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3, "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2, "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4, "10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
    "11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1, "12.1": 3, "12.2": 2, "12.3": 4,
    "13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5, "14.1": 2, "14.2": 4, "14.3": 3, "15.1": 3, "15.2": 3, "15.3": 7,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3, "17.1": 1, "17.2": 4, "17.3": 2,
}  # fmt: skip
# Level 3's about money.
MONEY = {"2.3.5", "7.5.3", "8.3.2", "15.4.2", "16.5.4"}


def test_every_requirement_has_one_row() -> None:
    wanted = {f"{section}.{number}" for section, many in ASKED.items() for number in range(1, many + 1)} | MONEY
    assert Counter(one for row in _rows() for one in _numbers(row[0])) == Counter(wanted)


def test_every_row_has_a_status_and_says_why() -> None:
    assert [row[0] for row in _rows() if row[4] not in STATUSES or not row[1] or not row[2]] == []


def test_what_is_met_is_shown() -> None:
    assert [row[0] for row in _rows() if row[4] in {"met", "partly"} and row[3] == "–"] == []


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", PAGE.read_text("utf-8"))
    assert len(named) > 100
    assert [f"{path}::{name}" for path, name in named if name not in _tests_in(path)] == []


def test_every_link_of_the_papers_leads_somewhere() -> None:
    pages = [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]
    links = [(page, link) for page in pages for link in LINK.findall(page.read_text("utf-8"))]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_the_summary_counts_the_rows() -> None:
    told = {row[0]: tuple(map(int, row[1:])) for row in _table(5) if row[1].isdigit()}
    assert told == {title: _counts(rows) for title, rows in _chapters().items()}
    together = next(row for row in _table(5) if row[0] == "**together**")
    assert tuple(int(cell.strip("*")) for cell in together[1:]) == _counts(_rows())[:4]


def _chapters() -> dict[str, list[list[str]]]:
    parts = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0]: _rows(part) for part in parts}


def _rows(text: str | None = None) -> list[list[str]]:
    """The requirements' rows: number, what is asked, how, shown by, status."""
    return [row for row in _table(5, text) if re.match(r"\d+\.\d+\.\d", row[0])]


def _table(width: int, text: str | None = None) -> list[list[str]]:
    lines = (text or PAGE.read_text("utf-8")).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if len(row) == width]


def _counts(rows: list[list[str]]) -> tuple[int, ...]:
    found = Counter(row[4] for row in rows)
    return tuple(found[status] for status in STATUSES)


def _numbers(cell: str) -> list[str]:
    """The requirements of a row: one, or those of the chapter from the first to the last."""
    first, _, last = cell.partition("–")
    if not last:
        return [first]
    every = [f"{section}.{number}" for section, many in ASKED.items() for number in range(1, many + 1)]
    return every[every.index(first) : every.index(last) + 1]


@cache
def _tests_in(path: str) -> frozenset[str]:
    file = ROOT / "tests" / path
    tree = ast.parse(file.read_text("utf-8")) if file.is_file() else ast.Module([], [])
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
