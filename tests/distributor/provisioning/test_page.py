"""The page for usage files: check, import, refuse, template."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from distributor.database import db
from distributor.provisioning.models import UsageRow
from tests.clients import sign_in
from tests.factories import OPENED_AT, Story, product

GOOD = b"customer_ref,customer_name,sku,provisioned_units,used_units\nc-1,Shannon Freight,WFS,400,290\n"
SIX_MEGABYTES = b"x" * (6 * 1024 * 1024)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: OPENED_AT + timedelta(days=1)
    made = Story()
    product(made.distributor, "WFS")
    return made


def send(app: Flask, story: Story, content: bytes, step: str = "import", **fields: str) -> tuple[int, str]:
    form = {"account": str(story.account.uid), "cycle": "2026-10", "step": step, **fields}
    # Encoded here: the test client would leave the temporary file of a large body open.
    boundary, body = encode_multipart({**form, "file": FileStorage(BytesIO(content), "october.csv")})
    kind = f'multipart/form-data; boundary="{boundary}"'
    answer = sign_in(app, story.admin).post("/usage", data=body, content_type=kind)
    return answer.status_code, answer.text


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(UsageRow)) or 0


def test_checking_a_file_shows_what_it_would_change_and_changes_nothing(app: Flask, story: Story) -> None:
    status, page = send(app, story, GOOD, "check")
    assert (status, rows()) == (200, 0)
    assert "This file would change" in page


def test_importing_a_file_stores_its_rows(app: Flask, story: Story) -> None:
    status, page = send(app, story, GOOD)
    assert (status, rows()) == (200, 1)
    assert "Imported." in page


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD.replace(b"400", b"-4"), "negative"),
        (GOOD.replace(b"400", b"4.5"), "whole units only"),
        (GOOD.replace(b"WFS", b"NEW"), "the catalogue has no product NEW"),
        (b"PK\x03\x04 no workbook", "october.csv"),
        (b"", "empty"),
        (b'{"source": "microsoft", "lines": []}', "microsoft is the name of Microsoft&#39;s own file"),
    ],
)
def test_a_wrong_file_is_refused_by_row_and_field(app: Flask, story: Story, content: bytes, words: str) -> None:
    status, page = send(app, story, content)
    assert (status, rows()) == (422, 0)
    assert words in page or "What has to be corrected" in page


def test_a_file_of_six_megabytes_is_too_large(app: Flask, story: Story) -> None:
    status, _page = send(app, story, SIX_MEGABYTES)
    assert status == 413


@pytest.mark.parametrize(("field", "value"), [("account", "no-such"), ("cycle", "2026-13")])
def test_a_wrong_field_says_so_beside_itself(app: Flask, story: Story, field: str, value: str) -> None:
    status, page = send(app, story, GOOD, **{field: value})
    assert status == 422
    assert f'id="{field}-error"' in page


def test_another_distributors_account_does_not_exist(app: Flask, story: Story) -> None:
    stranger = Story()
    status, _page = send(app, stranger, GOOD, account=str(story.account.uid))
    assert (status, rows()) == (404, 0)


def test_an_msp_cannot_import(app: Flask, story: Story) -> None:
    assert sign_in(app, story.preparer).get("/usage").status_code == 403


@pytest.mark.parametrize(("kind", "begins"), [("csv", b"customer_ref"), ("xlsx", b"PK")])
def test_the_template_can_be_downloaded(app: Flask, story: Story, kind: str, begins: bytes) -> None:
    answer = sign_in(app, story.admin).get(f"/usage-template.{kind}")
    assert answer.data.lstrip(b"\xef\xbb\xbf").startswith(begins)
    assert "attachment" in answer.headers["Content-Disposition"]
