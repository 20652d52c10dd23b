"""A report with three lines that round trips start from."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from distributor.identity.acting import CurrentMember
from distributor.usage_reports.queries import LineRow, ReportRow
from tests.clients import Browser, sign_in
from tests.distributor.spreadsheets.books import Grid, grid_of
from tests.factories import OPENED_AT, Story, customer, product, usage

AT = OPENED_AT + timedelta(days=1)


class Desk:
    """The preparer with the report before them, in a browser and in a spreadsheet program."""

    def __init__(self, app: Flask, story: Story) -> None:
        self.app, self.story = app, story
        seats = product(story.distributor, "SEAT", name="Seats")
        space = product(story.distributor, "GB", name="=Space", unit="GB", precision=3, price="0.1234")
        rows = [
            ("Harbour Dental", seats, "400", "290"),
            ("Ålesund & Co", seats, "40", None),
            ("Quay", space, "7", None),
        ]
        usage(story.account, [(customer(story.account, name), what, held, used) for name, what, held, used in rows])
        self.report = story.open_cycle()
        self.browser = sign_in(app, story.preparer)

    @property
    def path(self) -> str:
        return f"/reports/{self.report.uid}"

    def line(self, name: str) -> LineRow:
        return next(line for line in self.story.lines(self.report) if line.customer_name == name)

    def now(self) -> ReportRow:
        return self.story.report(self.report)

    def export(self, kind: str = "xlsx", who: CurrentMember | None = None) -> Grid:
        return grid_of(self.exported(kind, who))

    def exported(self, kind: str = "xlsx", who: CurrentMember | None = None) -> bytes:
        browser = sign_in(self.app, who) if who else self.browser
        answer = browser.get(f"{self.path}/export.{kind}")
        assert answer.status_code == 200
        return answer.data

    def send(self, content: bytes, name: str = "report.xlsx", browser: Browser | None = None) -> TestResponse:
        form = {"file": (io.BytesIO(content), name)}
        return (browser or self.browser).post(f"{self.path}/import", data=form)

    def confirm(self, shown: TestResponse, **choices: str) -> TestResponse:
        """Press the button below what was shown."""
        held, version = (re.search(f'name="{name}" value="([^"]+)"', shown.text) for name in ("held", "version"))
        assert held is not None
        assert version is not None
        form = {"held": held[1], "version": version[1], **choices}
        return self.browser.post(f"{self.path}/import/confirm", data=form, follow_redirects=True)

    def colleague_saves(self, name: str, units: str, comment: str | None = None) -> None:
        line = self.line(name)
        draft = {"id": str(line.uid), "version": line.version, "chargeable_units": units, "comment": comment}
        assert self.browser.post(f"{self.path}/save", json={"lines": [draft]}).status_code == 200


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story(tolerance_units=2, tolerance_percent=2, number="MER-1042")


@pytest.fixture
def desk(app: Flask, story: Story) -> Desk:
    return Desk(app, story)
