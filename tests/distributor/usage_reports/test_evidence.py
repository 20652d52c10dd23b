"""The page of one line, for either side: what it shows, takes and refuses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports import evidence, line_chart
from distributor.usage_reports.line_chart import Month
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.operations.usage import refresh
from distributor.usage_reports.queries import LineRow, ReportRow
from tests.clients import sign_in
from tests.factories import CYCLE, OPENED_AT, Story, customer, member, organization, product, usage
from workflows.report_cycle import Cycle
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
NOVEMBER = CYCLE.next()
WORDS = "100 seats are reserved for a depot"
MOST_QUERIES = 8


class OneLine(Story):
    """A story about one customer's one product, month after month."""

    def __init__(self) -> None:
        super().__init__()
        self.customer = customer(self.account, "Shannon Freight")
        self.product = product(self.distributor, "WFS")


@pytest.fixture
def story(app: Flask) -> OneLine:
    app.config["CLOCK"] = lambda: AT
    return OneLine()


@pytest.fixture
def report(story: OneLine) -> ReportRow:
    return opened(story, "400", "290")


def opened(story: OneLine, provisioned: str, used: str | None, cycle: Cycle = CYCLE) -> ReportRow:
    count(story, provisioned, used, cycle)
    return story.open_cycle(cycle, OPENED_AT.replace(month=cycle.month))


def count(story: OneLine, provisioned: str, used: str | None, cycle: Cycle = CYCLE) -> None:
    rows = [(story.customer, story.product, provisioned, used)]
    usage(story.account, rows, cycle=cycle, counted_at=OPENED_AT)


def line_of(story: OneLine, report: ReportRow) -> LineRow:
    (line,) = story.lines(report)
    return line


def write(story: OneLine, report: ReportRow, **draft: object) -> None:
    given = [LineDraft(line_of(story, report).uid, **draft)]  # type: ignore[arg-type]  # a draft's own fields
    drafts.save_lines(story.report(report), given, story.by(story.preparer), AT)


def address(story: OneLine, report: ReportRow) -> str:
    return f"/reports/{report.uid}/lines/{line_of(story, report).uid}"


def page(app: Flask, story: OneLine, report: ReportRow, query: str = "") -> str:
    answer = sign_in(app, story.preparer).get(address(story, report) + query)
    assert answer.status_code == 200
    return answer.text


def test_the_page_shows_the_difference_as_a_sum_with_what_it_costs(
    app: Flask, story: OneLine, report: ReportRow
) -> None:
    shown = page(app, story, report)
    for words in ("Comment needed, 1 of 1", "Not charged", "worth € 313.50", "began at 290 used", "(290 of 400 used)"):
        assert words in shown, words
    assert "Without a comment this line is charged on 400 units: + € 313.50." in shown


def test_a_figure_that_was_changed_says_by_whom(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, chargeable_units="300", comment=WORDS)
    assert f"changed from 290 to 300 by {story.preparer.name} on 21 Oct, 00:00" in page(app, story, report)


def test_scripts_get_the_part_without_the_page(app: Flask, story: OneLine, report: ReportRow) -> None:
    part = page(app, story, report, "?part=drawer")
    assert "drawer-title" in part
    assert "<html" not in part


def test_the_reviewer_reads_the_same_without_fields(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, comment=WORDS, carry_until=date(2026, 12, 31))
    answer = sign_in(app, story.reviewer).get(address(story, report))
    assert WORDS in answer.text
    assert "carried forward until 31 Dec 2026" in answer.text
    assert "<textarea" not in answer.text


def test_a_locked_report_shows_the_line_without_fields(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, comment=WORDS)
    steps.submit(story.report(report), story.by(story.preparer), AT)
    assert "<textarea" not in page(app, story, report)


def test_a_line_of_another_company_or_report_does_not_exist(app: Flask, story: OneLine, report: ReportRow) -> None:
    where = address(story, report)
    stranger = member(organization("Elsewhere"), Role.PREPARER)
    assert sign_in(app, stranger).get(where).status_code == 404
    other = opened(story, "1", None, NOVEMBER)
    assert sign_in(app, story.preparer).get(f"/reports/{other.uid}/{where.split('/', 3)[3]}").status_code == 404
    assert sign_in(app, stranger).post(where, data={}).status_code == 404


@pytest.mark.parametrize("query", ["", "?part=drawer"])
def test_the_page_asks_the_database_a_fixed_number_of_times(
    app: Flask, story: OneLine, report: ReportRow, query: str
) -> None:
    browser, where = sign_in(app, story.preparer), address(story, report) + query
    browser.get(where)
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    browser.get(where)
    assert len(seen) <= MOST_QUERIES, "\n---\n".join(seen)


def test_last_months_words_are_shown_and_can_be_used_again(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, comment=WORDS)
    november = opened(story, "400", "290", NOVEMBER)
    assert "Last month’s explanation" in page(app, story, november)
    assert "October: 400 provisioned, 290 charged, not submitted" in page(app, story, november)
    assert f"\n{WORDS}</textarea>" in page(app, story, november, "?use=again")


def test_the_plain_form_saves_the_line_and_carries_it_forward(app: Flask, story: OneLine, report: ReportRow) -> None:
    line = line_of(story, report)
    form = {f"v-{line.uid}": "1", f"u-{line.uid}": "300", f"c-{line.uid}": WORDS}
    form |= {f"k-{line.uid}": "yes", f"d-{line.uid}": "2026-12-31"}
    answer = sign_in(app, story.preparer).post(address(story, report), data=form, follow_redirects=True)
    assert "Line saved." in answer.text
    saved = line_of(story, report)
    assert (saved.comment, saved.carried_until) == (WORDS, date(2026, 12, 31))


def test_an_empty_box_carries_the_words_no_further(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, comment=WORDS, carry_until=date(2026, 12, 31))
    line = line_of(story, report)
    form = {f"v-{line.uid}": str(line.version), f"c-{line.uid}": WORDS, f"d-{line.uid}": "2026-12-31"}
    sign_in(app, story.preparer).post(address(story, report), data=form)
    assert line_of(story, report).carried_until is None


def test_a_refused_line_comes_back_as_it_was_typed(app: Flask, story: OneLine, report: ReportRow) -> None:
    line = line_of(story, report)
    form = {f"v-{line.uid}": "1", f"u-{line.uid}": "three", f"c-{line.uid}": "kept words"}
    answer = sign_in(app, story.preparer).post(address(story, report), data=form)
    assert answer.status_code == 422
    assert "kept words</textarea>" in answer.text
    assert 'value="three"' in answer.text


def test_a_line_that_a_colleague_changed_is_not_overwritten(app: Flask, story: OneLine, report: ReportRow) -> None:
    line = line_of(story, report)
    write(story, report, comment="A colleague's words")
    form = {f"v-{line.uid}": "1", f"c-{line.uid}": "Mine"}
    answer = sign_in(app, story.preparer).post(address(story, report), data=form)
    assert answer.status_code == 409
    assert "Mine</textarea>" in answer.text


def test_words_that_were_outgrown_ask_for_new_ones(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, comment=WORDS, carry_until=date(2026, 12, 31))
    november = opened(story, "400", "290", NOVEMBER)
    write(story, november, chargeable_units="280")
    assert "carried forward for a difference of up to −110. It is −120 now: say why." in page(app, story, november)


def test_the_sum_of_provisioned_units_runs_from_last_months_to_these(
    app: Flask, story: OneLine, report: ReportRow
) -> None:
    november = opened(story, "404", "290", NOVEMBER)
    count(story, "410", "290", NOVEMBER)
    refresh(story.report(november), system(), AT)
    shown = evidence.evidence_of(story.report(november), line_of(story, november))
    assert [row.change for row in shown.rows] == [400, 4, 6]


def test_notes_and_answers_stand_in_their_order(app: Flask, story: OneLine, report: ReportRow) -> None:
    write(story, report, comment=WORDS)
    for turn, answer in enumerate(("It is order SF-2231.", "Attached again.")):
        steps.submit(story.report(report), story.by(story.preparer), AT)
        notes = {line_of(story, report).uid: "Send the order."}
        steps.reject(story.report(report), story.by(story.reviewer), AT, reason=f"Turn {turn}", notes=notes)
        write(story, report, comment=answer)
    with app.test_request_context():
        shown = evidence.evidence_of(story.report(report), line_of(story, report))
    assert [remark.text for remark in shown.talk] == [
        "Send the order.", "It is order SF-2231.", "Send the order.", "Attached again.",
    ]  # fmt: skip


def test_a_line_without_notes_has_no_conversation(app: Flask, story: OneLine, report: ReportRow) -> None:
    assert "Conversation with the reviewer" not in page(app, story, report)


def months(*figures: tuple[int, int] | None) -> list[Month]:
    cycle, made = CYCLE, []
    for each in reversed(figures):
        made.append(Month(cycle, *each) if each else Month(cycle))  # type: ignore[arg-type]  # whole numbers do
        cycle = cycle.previous()
    return made[::-1]


def test_a_month_without_a_report_is_a_gap_in_the_drawing(app: Flask) -> None:
    with app.test_request_context():
        drawn = line_chart.chart(months((10, 10), None, (10, 8), (12, 8)))
    path = next(shape.path for shape in drawn.shapes if shape.classes == "stroke-brand")
    assert (path.count("M"), path.count("V")) == (2, 1)


def test_figures_beside_the_drawing_do_not_stand_on_one_another(app: Flask) -> None:
    with app.test_request_context():
        drawn = line_chart.chart(months((100, 99)))
    first, second = (mark.label_y for mark in drawn.marks)
    assert abs(first - second) >= line_chart.APART
