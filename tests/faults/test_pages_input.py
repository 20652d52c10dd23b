"""The newer pages under wrong input: whatever stands in an address, a form or a file, the answer is one for people."""

from __future__ import annotations

import html
import re
import zlib
from io import BytesIO
from urllib.parse import quote

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from distributor.accounts.forms import typed_of
from distributor.accounts.queries import account
from tests.distributor.brands.files import jpeg, png
from tests.faults.ground import World, nothing_changed

NUL, LONG, EMOJI = "a\0b", "x" * 10_000, "👩‍👩‍👧‍👦"
SQL = "'; DROP TABLE usage_reports; --"
ODD = ["%", "_", "\\", "\\%", "'", '"', ":*", "&", "!", "<->", "(", NUL, LONG, EMOJI, SQL, "\u202e", "=m1", "\ud83d",
       "\u2028"]  # fmt: skip
PLACES = [
    "x", "~", "1~", "~1", "1~-1", "1~1.5", "-1~1", "9999999999999999999~1", "1e20~1", "1e-20~1", "99999999999999~1",
    "NaN~1", "sNaN~1", "1~99999999999999999999", "1~999999999999999999", "0001-01-01T00:00:00+23:59~1",
    "9999-12-31T23:59:59-23:59~1", "2026-01-01~1", "\0~1", f"{LONG}~1", "missing~\0", "missing~" + LONG, "١٢~١",
]  # fmt: skip
SORTS = ["risk", "-amount", "discrepancies", "-change", "submitted", "partner"]
ADMIN, MSP = "distributor_admin", "msp_admin"


@pytest.mark.parametrize("text", ODD, ids=ascii)
@pytest.mark.parametrize("who", [ADMIN, MSP])
def test_odd_words_are_looked_for_as_they_are(world: World, who: str, text: str) -> None:
    paths = ["/search", "/search/options", "/reports"]
    paths += ["/review", "/review/reports", "/accounts", "/catalogue"] if who == ADMIN else []
    words = quote(text, errors="surrogatepass")
    for path in paths:
        for name in ("q", "vendor"):
            answer = world.browser(getattr(world, who)).get(f"{path}?{name}={words}")
            assert answer.status_code == 200, f"{path}: {answer.status_code}"


@pytest.mark.parametrize("text", ["%", "_", "\\", NUL, SQL, "zz%", "K_strel"], ids=ascii)
def test_signs_of_sql_mean_themselves(world: World, text: str) -> None:
    for path in ("/search", "/accounts", "/catalogue", "/review"):
        answer = world.browser(world.distributor_admin).get(path, query_string={"q": text})
        assert str(world.story.account.uid) not in answer.text, path
        assert str(world.review.uid) not in answer.text, path


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: ascii(place)[:30])
def test_a_place_that_cannot_be_is_refused_or_empty(world: World, place: str, sort: str) -> None:
    answer = world.browser(world.distributor_admin).get("/review", query_string={"after": place, "sort": sort})
    assert answer.status_code in {200, 422}, answer.status_code
    assert answer.status_code == 200 or "This page of the list does not exist" in answer.text


PATHS = [
    "/review?cycle=9999-99&sort=evil&after=garbage", "/review?cycle=9999-12", "/review?cycle=0001-01",
    "/review?view=evil", "/review?status=zz", "/review?cycle=2026-10&cycle=%00", "/review/export.csv?sort=evil",
    "/review/export.xlsx?cycle=%00", "/overview?cycle=9999-99", "/overview?cycle=9999-12", "/overview?cycle=1000-01",
    "/overview?currency=%00", "/overview/remind", "/overview/remind?cycle=9999-12", "/overview/remind?cycle=%00",
    "/policy/backtest?percent=NaN", "/policy/backtest?percent=1e999", "/policy/backtest?percent=-1",
    "/policy/backtest?percent=", "/policy/backtest?percent=%00", "/policy/backtest?percent=1e-9",
    "/policy/backtest?percent=1001", "/policy/backtest?percent=5,5,5", "/brand/preview?mail=evil",
    "/brand/preview?language=evil", "/brand/preview/mail?mail=%00", "/brand/contrast?colour=%00",
    "/brand/contrast?colour=red", "/usage/coverage?cycle=9999-99", "/usage/coverage?cycle=9999-12",
    "/usage/coverage?after=%00", "/usage/coverage?after=missing~%00", "/usage/coverage?only=%00",
    "/accounts?after=%00", "/accounts?after=zz", "/accounts?reporting=%00&region=%00&type=%00",
    "/catalogue?after=zz", "/review/{review}/lines?from=-1", "/review/{review}/lines?from=999999999999999999999",
    "/review/{review}/lines?from=999999999&kind=agreeing", "/review/{review}/lines?from=%00",
    "/review/{review}?cycle=zz",
    "/review/{review}?sort=evil&cycle=2026-10", "/reports/{report}/rest?from=-1", "/reports/{report}/history?page=-1",
]  # fmt: skip
MSP_PATHS = [
    "/trends?measure=evil&by=evil&scale=%00&account=%00", "/trends/export.csv?measure=%00&account=zz",
    "/reports?year=9999", "/reports?year=0", "/reports/export.xlsx?year=zz", "/reports/export.xlsx?year=9999",
    "/reports/{report}/lines/{line}?part=%00&use=again", "/reports?account=%00&cycle=%00&status=%00",
    "/reports/{report}/rest?from=-1", "/reports/{report}/rest?from=9999999999", "/words?back=%00",
]  # fmt: skip


def filled(world: World, path: str) -> str:
    return path.format(review=world.review.uid, report=world.preparing.uid, line=world.line)


@pytest.mark.parametrize("path", [(ADMIN, path) for path in PATHS] + [(MSP, path) for path in MSP_PATHS], ids=str)
def test_an_address_that_means_nothing_says_so(world: World, path: tuple[str, str]) -> None:
    with nothing_changed():
        answer = world.browser(getattr(world, path[0])).get(filled(world, path[1]))
    assert answer.status_code in {200, 404, 422}, answer.status_code


PERCENTS = ["NaN", "1e999", "-1", "1001", "Infinity", "5,5,5", "\0", LONG, "1_0", "١٢", "0.00001", "--"]


@pytest.mark.parametrize("percent", PERCENTS, ids=lambda text: ascii(text)[:20])
def test_a_percent_that_is_none_switches_nothing(world: World, percent: str) -> None:
    browser = world.browser(world.distributor_admin)
    automatic = {"percent": percent, "step": "confirm", "account": str(world.story.account.uid)}
    with nothing_changed():
        answers = [
            browser.post("/policy/automatic", data=automatic),
            browser.post("/policy", data={"bulk_max_change_percent": percent, "marked_change_percent": "10"}),
            browser.post("/policy", data={"bulk_max_change_percent": "5", "marked_change_percent": percent}),
        ]
    assert [answer.status_code for answer in answers] == [422] * 3


@pytest.mark.parametrize("account", ["", "zz", "\0", LONG])
def test_an_account_that_is_none_switches_nothing(world: World, account: str) -> None:
    form = {"percent": "5", "step": "confirm", "account": account}
    with nothing_changed():
        assert world.browser(world.distributor_admin).post("/policy/automatic", data=form).status_code == 404


BRAND = {"name": "Meridian", "colour": "#123456", "footer": "", "reply_to": ""}
WRONG_BRANDS = [
    {"name": ""}, {"name": "a\r\nBcc: x@y.example"}, {"name": NUL}, {"name": LONG}, {"name": "\u202ex"},
    {"name": "a\u2028b"}, {"colour": "red"}, {"colour": "#12345"}, {"colour": "#123456;}"}, {"colour": "#ffffff"},
    {"colour": "#123456\r\nX: y"}, {"colour": NUL}, {"footer": LONG}, {"footer": NUL}, {"reply_to": "a@b"},
    {"reply_to": "a@b.example\r\nBcc: x@y.example"}, {"reply_to": "a@b.example, c@d.example"}, {"reply_to": NUL},
    {"reply_to": f"{LONG}@b.example"}, {"reply_to": "Eve <a@b.example>"},
]  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG_BRANDS, ids=lambda wrong: ascii(wrong)[:40])
def test_a_brand_that_breaks_a_mail_is_refused(world: World, wrong: dict[str, str]) -> None:
    with nothing_changed():
        answer = world.browser(world.distributor_admin).post("/brand", data={**BRAND, **wrong})
    assert answer.status_code == 422


def bomb(width: int, height: int) -> bytes:
    """A picture that says it is this large and unpacks to far more."""
    return png(width, height, pixels=zlib.compress(bytes(50_000_000)))


LOGOS = {
    "nothing": b"", "a page": b"<script>alert(1)</script>", "a vector": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "another kind": b"GIF89a\x01\x00\x01\x00", "too large": b"\x89PNG\r\n\x1a\n" + bytes(200_001),
    "too wide": png(1201, 1), "too high": png(1, 401), "without width": png(0, 1), "without height": png(1, 0),
    "a bomb": bomb(10, 10), "a bomb without height": bomb(10, 0), "a bomb without width": bomb(0, 10),
    "cut off": png(10, 10)[:-5], "a cut photograph": jpeg(10, 10)[:-4], "a photograph of nothing": b"\xff\xd8\xff\xd9",
    "endless width": png(2**31 - 1, 1, pixels=b""), "no colours": png(10, 10, pixels=b"x"),
    "a photograph that grows": jpeg(9999, 10),
}  # fmt: skip


def logo(world: World, content: bytes, name: str = "logo.png") -> TestResponse:
    boundary, body = encode_multipart({"logo": FileStorage(BytesIO(content), name)})
    kind = f'multipart/form-data; boundary="{boundary}"'
    return world.browser(world.distributor_admin).post("/brand/logo", data=body, content_type=kind)


@pytest.mark.parametrize("case", LOGOS)
def test_a_logo_that_is_none_is_refused(world: World, case: str) -> None:
    with nothing_changed():
        answer = logo(world, LOGOS[case])
    assert answer.status_code == 422


def test_a_file_that_is_two_things_stays_a_picture_only(world: World) -> None:
    script = b"<script>alert(1)</script>"
    comment = b"\xff\xfe" + (len(script) + 2).to_bytes(2, "big") + script
    for content in (png(10, 10) + script, jpeg(10, 10, comment) + script):
        assert logo(world, content, "x.html").status_code == 302
        shown = world.browser(world.distributor_admin).get("/brand/logo")
        assert script not in shown.data
        assert shown.mimetype in {"image/png", "image/jpeg"}
        assert shown.headers["X-Content-Type-Options"] == "nosniff"
    world.browser(world.distributor_admin).post("/brand/logo/remove")


HEADER = "number,msp,region,type,po_number,auto_submit_after_days,reports_from\n"
WIDE = ",".join(f"c{n}" for n in range(65))
LISTS: dict[str, tuple[bytes, str]] = {
    "20,001 rows": ((HEADER + "".join(f"N-{n},M,,,,,\n" for n in range(20_001))).encode(), "a.csv"),
    "65 columns": (f"number,{WIDE}\n".encode(), "a.csv"),
    "a NUL": ((HEADER + "N\0,M,,,,,\n").encode(), "a.csv"),
    "long names": ((HEADER + f"N-1,{LONG},,,,,\n").encode(), "a.csv"),
    "a long number": ((HEADER + f"{LONG},M,,,,,\n").encode(), "a.csv"),
    "a name turned round": ((HEADER + "N-1,\u202eM,,,,,\n").encode(), "a.csv"),
    "two lines": ((HEADER + 'N-1,"M\nBcc: x",,,,,\n').encode(), "a.csv"),
    "no number": ((HEADER + ",M,,,,,\n").encode(), "a.csv"),
    "twice": ((HEADER + "N-1,M,,,,,\nN-1,M,,,,,\n").encode(), "a.csv"),
    "days of nothing": ((HEADER + "N-1,M,,,,NaN,\n").encode(), "a.csv"),
    "endless days": ((HEADER + "N-1,M,,,,1e999999,\n").encode(), "a.csv"),
    "many days": ((HEADER + f"N-1,M,,,,{'9' * 5000},\n").encode(), "a.csv"),
    "no cycle": ((HEADER + "N-1,M,,,,,2026-13\n").encode(), "a.csv"),
    "halves": (HEADER.encode() + b"N-1,\xff\xfe,,,,,\n\x81\x8d", "a.csv"),
    "no workbook": (HEADER.encode(), "a.xlsx"),
    "a broken workbook": (b"PK\x03\x04 and nothing", "a.xlsx"),
    "JSON": (b'{"number": 1}', "a.json"),
    "a header twice": (b"number,number\nN-1,N-1\n", "a.csv"),
    "no header": (b"\n\n\n", "a.csv"),
    "nothing": (b"", "a.csv"),
}


def send(world: World, path: str, content: bytes, name: str) -> TestResponse:
    boundary, body = encode_multipart({"file": FileStorage(BytesIO(content), name)})
    kind = f'multipart/form-data; boundary="{boundary}"'
    return world.browser(world.distributor_admin).post(path, data=body, content_type=kind)


@pytest.mark.parametrize("case", LISTS)
def test_a_list_that_cannot_be_taken_says_why(world: World, case: str) -> None:
    content, name = LISTS[case]
    with nothing_changed():
        accounts = send(world, "/accounts/import", content, name)
        products = send(world, "/catalogue/import", content.replace(b"number,msp", b"sku,name", 1), name)
    assert (accounts.status_code, products.status_code) == (422, 422)


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_list_is_read_however_it_is_coded_and_keeps_every_sign(world: World, coding: str) -> None:
    text = f"number,msp\nN-1,=HYPERLINK(1)\nN-2,Ünïcode {EMOJI}\n"
    content = text.encode(coding)
    answer = send(world, "/accounts/import", content, "a.csv")
    assert answer.status_code == 200
    assert f"Ünïcode {EMOJI}" in html.unescape(answer.text)


@pytest.mark.parametrize("file", ["", "zz", "\0", LONG, "00000000-0000-0000-0000-000000000000"])
def test_a_file_that_is_not_held_is_not_confirmed(world: World, file: str) -> None:
    with nothing_changed():
        for path in ("/accounts/import/confirm", "/catalogue/import/confirm"):
            assert world.browser(world.distributor_admin).post(path, data={"file": file}).status_code == 409
        form = {"held": file, "version": "1"}
        answer = world.browser(world.msp_admin).post(f"/reports/{world.preparing.uid}/import/confirm", data=form)
    assert answer.status_code in {302, 409, 422}


VIEWS = ["", " ", NUL, "x" * 61, "a\nb", "\u202ex"]


@pytest.mark.parametrize("name", VIEWS, ids=ascii)
def test_a_view_needs_a_name_that_can_be_shown(world: World, name: str) -> None:
    with nothing_changed():
        answer = world.browser(world.distributor_admin).post("/review/views", data={"name": name, "query": ""})
    assert answer.status_code == 422


@pytest.mark.parametrize("query", ["cycle=9999-99", "sort=evil", "view=evil", "status=\0", "q=" + "ä" * 2000])
def test_a_view_of_nothing_is_not_kept_or_harmless(world: World, query: str) -> None:
    browser = world.browser(world.distributor_admin)
    browser.post("/review/views", data={"name": "Odd", "query": query})
    assert browser.get("/review").status_code == 200


@pytest.mark.parametrize("back", ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example",
                                  "\t//evil.example", "/\r\nX: y", "javascript:alert(1)"])  # fmt: skip
def test_no_form_leads_elsewhere(world: World, back: str) -> None:
    for path, who in (("/review/approve", ADMIN), ("/words/seen", ADMIN)):
        answer = world.browser(getattr(world, who)).post(path, data={"back": back})
        where = re.sub(r"[\t\r\n]", "", answer.headers["Location"])
        assert answer.status_code in {302, 303}
        assert not where.startswith(("//", "/\\", "http", "javascript")), where


DRAFTS = [
    {}, [], "x", {"reason": 1, "notes": {}}, {"reason": "x", "notes": []}, {"reason": "x", "notes": {"zz": "x"}},
    {"reason": LONG, "notes": {}}, {"reason": "a\x01", "notes": {}}, {"reason": "x", "notes": {"{line}": 1}},
]  # fmt: skip


@pytest.mark.parametrize("body", DRAFTS, ids=lambda body: ascii(body)[:40])
def test_a_draft_that_cannot_be_kept_is_refused(world: World, body: object) -> None:
    with nothing_changed():
        answer = world.browser(world.distributor_admin).put(f"/review/{world.review.uid}/draft", json=body)
    assert answer.status_code == 422


DAYS = ["", "2026-13-01", "0000-01-01", "-2026-01-01", "9999-12-31", "2026-10-31", "2020-01-01", "2027-11-01",
        "2026-12-31T00:00", "20261231", "2026-W50-1", "١٢", NUL, LONG]  # fmt: skip


@pytest.mark.parametrize("day", DAYS, ids=lambda day: ascii(day)[:20])
def test_a_day_that_cannot_be_carries_nothing(world: World, day: str) -> None:
    line, path = world.line, f"/reports/{world.preparing.uid}"
    form = {f"v-{line}": "1", f"c-{line}": "Parked seats", f"d-{line}": day, f"k-{line}": "yes"}
    draft = {"id": str(line), "version": 1, "comment": "Parked seats", "carry_until": day}
    browser = world.browser(world.msp_admin)
    with nothing_changed():
        assert browser.post(f"{path}/lines/{line}", data=form).status_code == 422
        assert browser.post(f"{path}/save", json={"lines": [draft]}).status_code in {400, 422}


@pytest.mark.parametrize("comment", ["", " ", "\u200b", "\n\t", "\u00a0"])
def test_blanks_are_no_words_to_carry(world: World, comment: str) -> None:
    line, path = world.line, f"/reports/{world.preparing.uid}"
    form = {f"v-{line}": "1", f"c-{line}": comment, f"d-{line}": "2026-12-31", f"k-{line}": "yes"}
    with nothing_changed():
        assert world.browser(world.msp_admin).post(f"{path}/lines/{line}", data=form).status_code == 422


TERMS = ["auto_submit_after_days", "opens_on_day", "closing_day", "tolerance_units", "currency", "time_zone",
         "reports_from", "reports_until", "approval_limit", "uplift_percent", "number", "region", "type",
         "po_number"]  # fmt: skip


@pytest.mark.parametrize("term", TERMS)
@pytest.mark.parametrize(
    "value", [NUL, LONG, "NaN", "-1", "1e999", "\u202ex", "١٢", "a\nb"], ids=lambda v: ascii(v)[:12]
)
def test_terms_that_cannot_be_are_refused(world: World, term: str, value: str) -> None:
    path = f"/accounts/{world.story.account.uid}/terms"
    form = {**typed_of(account(world.story.account.uid, world.distributor_admin)), term: value, "step": "save"}
    with nothing_changed():
        answer = world.browser(world.distributor_admin).post(path, data=form)
    # Without what was seen nothing is saved, but wrong values are told first.
    harmless = {"NaN", "-1", "1e999", "١٢"} if term in {"number", "region", "type", "po_number"} else set()
    assert answer.status_code == (409 if value in harmless else 422)


@pytest.mark.parametrize("price", ["", "-1", "NaN", "1e999", NUL, LONG, "1,2,3", "0.0000000001", "9" * 30, "١"])
def test_a_price_that_is_none_is_refused(world: World, price: str) -> None:
    uid = world.manual.uid
    form = {"price": price, "currency": "EUR", "step": "save", "seen": "2.85"}
    with nothing_changed():
        answer = world.browser(world.distributor_admin).post(f"/catalogue/{uid}/price", data=form)
    assert answer.status_code == 422


PRODUCTS = [{"precision": "9" * 5000}, {"precision": "-1"}, {"precision": NUL}, {"name": NUL}, {"name": LONG},
            {"unit": LONG}, {"vendor": "a\nb"}, {"usage_source": "evil"}, {"name": ""}, {"precision": "5"}]  # fmt: skip


@pytest.mark.parametrize("wrong", PRODUCTS, ids=lambda wrong: ascii(wrong)[:30])
def test_a_product_that_cannot_be_is_refused(world: World, wrong: dict[str, str]) -> None:
    fields = {"name": "Hand", "unit": "seat", "precision": "0", "vendor": "", "usage_source": "manual"}
    browser = world.browser(world.distributor_admin)
    with nothing_changed():
        changed = browser.post(f"/catalogue/{world.manual.uid}", data={**fields, **wrong})
        made = browser.post("/catalogue/new", data={**fields, "sku": "NEW-1", **wrong})
    assert (changed.status_code, made.status_code) == (422, 422)
