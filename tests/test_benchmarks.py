"""The benchmarks run from end to end; how fast anything is, no test says."""

from __future__ import annotations

from datetime import date

import pytest

from benchmarks import __main__ as program
from benchmarks import batches, databases, paper
from benchmarks.figures import Figure, Round, percentile, share
from benchmarks.sizes import TINY
from tests.hurried import hurry

TODAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    hurry(monkeypatch, template)


def test_a_tiny_run_measures_everything(cluster: str) -> None:
    figures = list(program.measured(cluster, TINY, TODAY, set(program.PARTS)))
    works = " / ".join(figure.work for figure in figures)
    for work in ("open 4", "auto-submit", "submit over", "approve over", "queue", "report page", "save", "import"):
        assert work in works
    assert all(figure.value > 0 for figure in figures if figure.unit != "%")


def test_a_floor_that_writes_something_else_is_no_floor(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(batches.WRITTEN, "report_actions", "id, clock_timestamp()")
    with pytest.raises(batches.FloorDiffersError):
        batches.measure(cluster, TINY, TODAY)
    databases.drop(cluster, "batches", "ours", "floor")


@pytest.mark.parametrize(("value", "verdict"), [(0.5, "goal"), (0.3, "met"), (0.1, "missed")])
def test_of_a_share_more_is_better(value: float, verdict: str) -> None:
    assert Figure("work", value, "×", 0.2, 0.4).verdict == verdict


@pytest.mark.parametrize(("value", "verdict"), [(40, "goal"), (99, "met"), (101, "missed")])
def test_of_a_time_less_is_better(value: float, verdict: str) -> None:
    assert Figure("work", value, "ms", 100, 40).verdict == verdict


@pytest.mark.parametrize(("value", "verdict"), [(8, "goal"), (9, "missed")])
def test_a_limit_may_be_all_there_is_to_reach(value: float, verdict: str) -> None:
    assert Figure("work", value, "", 8, 8).verdict == verdict


def test_a_share_is_made_of_the_medians_of_its_rounds() -> None:
    figure = share("work", [Round(100, 400), Round(900, 500), Round(200, 300)], 0.2, 0.4, "reports")
    assert figure.value == pytest.approx(0.5)
    assert (figure.ours, figure.floor) == ("200 reports/s", "400 reports/s")


def test_the_99th_percentile_is_nearly_the_slowest() -> None:
    assert percentile([float(number) for number in range(1, 101)], 99) == pytest.approx(99.01)
    assert percentile([7.0], 99) == 7.0


def test_the_page_names_the_machine_and_every_figure() -> None:
    page = paper.markdown([Figure("save a draft", 120.4, "ms", 500, 150)], ["2 cores"], TODAY, 3)
    assert "- 2 cores\n- 20 November 2026" in page
    assert "| save a draft | 120 ms | – | – | 500 ms | 150 ms | goal |" in page
