"""`make bench-pages` measures in a real browser; how fast anything is, no test says."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import Browser

from benchmarks import browser as measuring
from benchmarks import paper
from tests.hurried import hurry


def test_a_small_report_is_measured_from_the_first_paint_to_the_last_key(
    cluster: str, template: str, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(monkeypatch, template)
    monkeypatch.setattr(measuring, "VISITS", 1)
    monkeypatch.setattr(measuring, "KEYS", 4)
    figures = measuring.measured(cluster, browser, (60,), date(2026, 11, 20))
    works = " / ".join(figure.work for figure in figures)
    for work in ("first paint", "usable", "complete", "a key in a figure", "a key in the search", "weight"):
        assert f"60 lines: {work}" in works
    assert all(figure.value > 0 for figure in figures)
    assert paper.row(figures[0])[0] in measuring.markdown(figures, ["2 cores"], date(2026, 11, 20))
