"""What is too large, too deep or too clever is refused by every door that takes files, with a sentence and no trace."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from distributor.database import db
from distributor.list_files import Column, write_csv, write_xlsx
from tests import clients
from tests.clients import Browser
from tests.factories import Story

MB = 1024 * 1024
CELL = '<c r="A1" t="inlineStr"><is><t>{}</t></is></c>'
SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)


def workbook(sheet: str, head: str = "") -> bytes:
    """A workbook of ours whose first sheet is replaced."""
    made, out = io.BytesIO(write_xlsx([Column("sku")], [{"sku": "A"}], "x")), io.BytesIO()
    with zipfile.ZipFile(made) as given, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for part in given.namelist():
            is_sheet = part.startswith("xl/worksheets/sheet")
            target.writestr(part, head + SHEET.format(sheet) if is_sheet else given.read(part))
    return out.getvalue()


ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
ROWS = [Column("sku"), Column("units")]
FILES: dict[str, Callable[[], bytes]] = {
    "larger than 5 MB": lambda: b"sku,units\n" + b"x" * (5 * MB),
    "a workbook that unpacks to more than 50 times its size": lambda: workbook(CELL.format("x" * (20 * MB))),
    "a workbook that unpacks to more than 50 MB": lambda: workbook(CELL.format("x" * (60 * MB))),
    "entities that grow": lambda: workbook(CELL.format("&b;"), ENTITIES),
    "an entity that reads a file": lambda: workbook(CELL.format("&a;"), EXTERNAL),
    "more than 20,000 rows": lambda: write_csv(ROWS, [{"sku": f"S{n}", "units": 1} for n in range(20_001)]),
    "more than 64 columns": lambda: write_csv([Column(f"c{n}") for n in range(65)], [{}]),
    "no table at all": lambda: b"%PDF-1.7",
}


def send(browser: Browser, path: str, content: bytes, field: str = "file", **form: str) -> TestResponse:
    """A form with a file, written out in memory."""
    boundary, body = encode_multipart({**form, field: FileStorage(io.BytesIO(content), "given.xlsx")})
    return browser.post(path, data=body, content_type=f"multipart/form-data; boundary={boundary}")


def by_usage_page(app: Flask, story: Story, content: bytes) -> TestResponse:
    form = {"account": str(story.account.uid), "cycle": "2026-10", "step": "import"}
    return send(clients.sign_in(app, story.admin), "/usage", content, **form)


def by_usage_api(app: Flask, story: Story, content: bytes) -> TestResponse:
    address = f"/api/v1/accounts/{story.account.uid}/usage/2026-10"
    return clients.api(app, story.admin).put(address, data=content, content_type="application/octet-stream")


def by_accounts(app: Flask, story: Story, content: bytes) -> TestResponse:
    return send(clients.sign_in(app, story.admin), "/accounts/import", content)


def by_products(app: Flask, story: Story, content: bytes) -> TestResponse:
    return send(clients.sign_in(app, story.admin), "/catalogue/import", content)


def by_report(app: Flask, story: Story, content: bytes) -> TestResponse:
    uid = db.session.execute(text("SELECT uid FROM usage_reports")).scalar_one()
    return send(clients.sign_in(app, story.preparer), f"/reports/{uid}/import", content)


def by_logo(app: Flask, story: Story, content: bytes) -> TestResponse:
    return send(clients.sign_in(app, story.admin), "/brand/logo", content, field="logo")


DOORS = (by_usage_page, by_usage_api, by_accounts, by_products, by_report, by_logo)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)
def test_every_door_refuses_every_such_file(app: Flask, door: Callable[..., TestResponse]) -> None:
    story = Story()
    story.open_cycle()
    answers = {name: door(app, story, make()) for name, make in FILES.items()}
    statuses = {name: answer.status_code for name, answer in answers.items()}
    assert {name: status for name, status in statuses.items() if status not in {413, 422}} == {}
    for table in ("usage_snapshots", "held_files", "brands"):
        assert db.session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0
    assert all("root:" not in answer.text for answer in answers.values())


def test_a_body_is_counted_whatever_its_length_says(app: Flask) -> None:
    browser = clients.sign_in(app, Story().admin)
    answer = browser.post("/accounts/import", data=b"x" * (6 * MB + 1), content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 413
    assert "5 MB" in answer.text
