"""From numbers to places: steps of an axis, columns, lines with gaps, stairs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from distributor import charts
from distributor.charts import Frame

PLOT = Frame(120, 100, left=10, right=10, top=0, bottom=0)


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (50, ["0", "10", "20", "30", "40", "50"]),
        (42, ["0", "10", "20", "30", "40", "50"]),
        ("34280.90", ["0", "10000", "20000", "30000", "40000"]),
        ("0.9", ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (1, ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, ["0", "1"]),
    ],
)
def test_an_axis_has_even_steps_that_reach_the_most(most: object, steps: list[str]) -> None:
    assert charts.steps_to(Decimal(str(most))) == [Decimal(step) for step in steps]


def test_things_that_are_counted_have_no_steps_between_whole_ones() -> None:
    assert charts.steps_to(3, whole=True) == [0, 1, 2, 3]
    assert charts.steps_to(11, whole=True) == [0, 5, 10, 15]


def test_heights_end_at_the_plot() -> None:
    assert [PLOT.y(value, Decimal(10)) for value in (0, 5, 10, 20, None)] == [100, 50, 0, 0, 100]


def test_parts_of_a_column_stand_on_each_other_a_little_apart() -> None:
    lower, upper = charts.stacked(PLOT, [[(6, "fill-brand"), (0, "fill-red"), (4, "fill-teal")]], Decimal(10))
    assert (lower.y, lower.height, upper.y, upper.height) == (40, 60, 0, 38)
    assert (lower.fill, upper.fill) == ("fill-brand", "fill-teal")


def test_an_unknown_figure_is_a_gap_in_the_line_and_no_zero() -> None:
    assert charts.line([(0, 1), (1, 2), None, (3, 4), (4, 5)]) == "M0 1L1 2M3 4L4 5"
    assert charts.line([(0, 1), None, (2, 3)]) == "M0 1h0M2 3h0"


def test_an_area_lies_between_two_lines_and_not_under_a_gap() -> None:
    assert charts.area([(0, 1), (1, 1)], [(0, 5), (1, 5)]) == "M0 1L1 1L1 5L0 5Z"
    assert charts.runs([(0, 1), (1, 2), None, (3, 4), None]) == [[(0, 1), (1, 2)]]
    assert charts.area([], []) == ""


def test_stairs_stay_level_and_rise_at_once() -> None:
    assert charts.stairs([(0, 9), (5, 4), (8, 4)]) == "M0 9H5V4H8V4"


def test_of_many_places_the_newest_is_always_named() -> None:
    assert charts.thinned(24, 8) == [2, 5, 8, 11, 14, 17, 20, 23]
    assert charts.thinned(3, 8) == [0, 1, 2]


def test_a_spark_marks_the_newest_known_figure() -> None:
    drawing = charts.spark([1, 3, None, 2, None], width=100, height=20, pad=0)
    assert drawing.shapes[0].path == "M0 20L25 0M75 10h0"
    assert (drawing.marks[0].x, drawing.marks[0].y) == (75, 10)


def test_a_spark_without_figures_is_empty() -> None:
    assert charts.spark([None, None]).marks == []
