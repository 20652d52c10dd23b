"""Two people at once, or one twice: on the newer pages too, what is done is done once and nothing is half done."""

from __future__ import annotations

import io
import re
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from distributor.accounts import operations as accounts
from distributor.accounts import queries as account_queries
from distributor.catalogue import operations as catalogue
from distributor.database import db
from distributor.identity.acting import acting, acting_upstream
from distributor.scheduler import jobs
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.bulk import approve_all
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.policies import Policy
from distributor.usage_reports.reminding import remind
from tests.clients import Browser, sign_in
from tests.factories import CYCLE, OPENED_AT, Story, account, customer, member, organization, product, usage
from tests.faults.together import together
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)


@pytest.fixture
def story(app: Flask) -> Story:
    app.config["CLOCK"] = lambda: AT
    return Story()


def number_of(query: str, **given: Any) -> int:
    db.session.rollback()
    return int(db.session.scalar(text(f"SELECT count(*) FROM {query}"), given) or 0)


def multipart(browser: Browser, path: str, content: bytes, name: str = "a.csv") -> TestResponse:
    boundary, body = encode_multipart({"file": FileStorage(io.BytesIO(content), name)})
    return browser.post(path, data=body, content_type=f'multipart/form-data; boundary="{boundary}"')


def asked(browser: Browser, path: str, form: dict[str, str], into: list[int]) -> Callable[[], None]:
    """An act that posts the form and keeps the status."""
    headers = {"X-CSRFToken": browser.csrf_token()}
    return lambda: into.append(browser.post(path, data=form, headers=headers).status_code)


def until(holds: Callable[[], bool], seconds: float = 5) -> None:
    """Wait until it holds; go on after some seconds all the same, as the test then tells what came of it."""
    ends = time.monotonic() + seconds
    while not holds() and time.monotonic() < ends:
        time.sleep(0.02)


def clean(story: Story) -> tuple[Any, int]:
    report, _line = story.open_account(("40", None))
    steps.submit(story.report(report), acting(story.preparer, report), AT)
    return report.uid, story.report(report).version


def test_two_reviewers_who_approve_the_same_reports_at_once_approve_each_once(app: Flask, story: Story) -> None:
    wanted = [clean(story) for _ in range(10)]
    other = member(story.distributor, Role.REVIEWER)
    db.session.commit()
    acts = [lambda: approve_all(wanted, story.reviewer, AT, Policy()),
            lambda: approve_all(wanted[::-1], other, AT, Policy())]  # fmt: skip
    with together(app, *acts) as raised:
        assert raised == [None, None]
    assert number_of("report_actions WHERE step = 'approve'") == 10
    assert number_of("(SELECT 1 FROM notifications WHERE event = 'approved' GROUP BY report_id, recipient "
                     "HAVING count(*) > 1) twice") == 0  # fmt: skip


def test_two_who_remind_at_once_send_each_person_one_mail(app: Flask, story: Story) -> None:
    for _ in range(10):
        story.open_account(("40", "30"))
    member(story.msp, Role.ADMIN)
    db.session.commit()
    first_day = CYCLE.first_day
    with together(app, *(partial(remind, who, first_day, AT) for who in (story.reviewer, story.admin))) as raised:
        assert raised == [None, None]
    assert number_of("notifications WHERE event = 'reminder'") == 20


def checked(browser: Browser, path: str, content: bytes) -> dict[str, str]:
    page = multipart(browser, path, content).text
    return {name: re.findall(f'name="{name}" value="([0-9a-f-]+)"', page)[0] for name in ("file", "seen")}


@pytest.mark.parametrize(("path", "content", "table"), [
    ("/accounts/import", b"number,msp\n" + b"".join(b"N-%d,New\n" % n for n in range(50)), "accounts"),
    ("/catalogue/import", b"sku,name\n" + b"".join(b"N-%d,New\n" % n for n in range(50)), "products"),
])  # fmt: skip
def test_a_list_confirmed_twice_at_once_is_imported_once(
    app: Flask, story: Story, path: str, content: bytes, table: str
) -> None:
    browser, statuses = sign_in(app, story.admin), list[int]()
    db.session.commit()
    before = number_of(table)
    form = checked(browser, path, content)
    with together(app, *[asked(browser, f"{path}/confirm", form, statuses)] * 2):
        assert sorted(statuses) == [302, 409]
    assert number_of(table) - before == 50


def test_two_files_with_the_same_accounts_at_once_make_each_account_and_msp_once(app: Flask, story: Story) -> None:
    content, statuses = b"number,msp\n" + b"".join(b"N-%d,New\n" % n for n in range(50)), list[int]()
    browsers = [sign_in(app, who) for who in (story.admin, member(story.distributor, Role.ADMIN))]
    forms = [checked(browser, "/accounts/import", content) for browser in browsers]
    acts = [asked(browser, "/accounts/import/confirm", form, statuses)
            for browser, form in zip(browsers, forms, strict=True)]  # fmt: skip
    with together(app, *acts):
        assert sorted(statuses) == [302, 409]
    assert number_of("accounts WHERE number LIKE 'N-%'") == 50
    assert number_of("organizations WHERE name = 'New'") == 1


def test_two_files_with_one_new_msp_at_once_make_it_once(app: Flask, story: Story) -> None:
    statuses = list[int]()
    browsers = [sign_in(app, who) for who in (story.admin, member(story.distributor, Role.ADMIN))]
    forms = [checked(browser, "/accounts/import", b"number,msp\nM-%d,New\n" % n) for n, browser in enumerate(browsers)]
    acts = [asked(browser, "/accounts/import/confirm", form, statuses)
            for browser, form in zip(browsers, forms, strict=True)]  # fmt: skip
    with together(app, *acts):
        assert set(statuses) <= {302, 409}
    assert number_of("organizations WHERE name = 'New'") == 1


def test_terms_that_change_while_reports_open_are_in_a_report_whole_or_not_at_all(app: Flask, story: Story) -> None:
    opening = [account(story.distributor, story.msp) for _ in range(12)]
    fields = {"terms": {"tolerance_units": "7", "auto_submit_after_days": 20}}
    db.session.commit()

    def change() -> None:
        for row in opening:
            locked = account_queries.account_for_update(row.uid, story.admin)
            accounts.update_account(locked, fields, story.admin, OPENED_AT)
            db.session.commit()

    with together(app, change, lambda: jobs.open_reports(OPENED_AT), lambda: jobs.open_reports(OPENED_AT)) as raised:
        assert raised == [None] * 3
    jobs.open_reports(OPENED_AT)
    days = "extract(day FROM due_at - opened_at)::int"
    assert number_of("usage_reports") == 13
    assert number_of(f"usage_reports WHERE (tolerance_units = 7) <> ({days} > 15)") == 0


def test_a_price_that_changes_while_reports_open_is_the_old_or_the_new_one(app: Flask, story: Story) -> None:
    what = product(story.distributor, "SEAT", price="2")
    for _ in range(12):
        one = account(story.distributor, story.msp)
        usage(one, [(customer(one), what, "40", None)])
    db.session.commit()

    def change() -> None:
        fields = {"price": "3", "currency": "EUR"}
        catalogue.put_product(story.distributor.id, "SEAT", fields, acting_upstream(story.admin), AT)

    with together(app, change, lambda: jobs.open_reports(OPENED_AT)) as raised:
        assert raised == [None, None]
    assert number_of("usage_report_lines WHERE unit_price IN (2, 3)") == 12
    assert number_of("usage_reports WHERE missing_prices > 0") == 0


def somebody_waits() -> bool:
    """Whether another waits for what this transaction holds."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    return bool(db.session.scalar(text(waiting)))


@pytest.mark.parametrize("fields", [{"unit": "mailbox"}, {"price": "3", "currency": "EUR"}])
def test_a_product_edited_while_its_file_is_confirmed_keeps_the_edit(
    app: Flask, story: Story, fields: dict[str, str]
) -> None:
    product(story.distributor, "SEAT", price="2")
    browser, statuses, edited = sign_in(app, story.admin), list[int](), threading.Event()
    db.session.commit()
    content = b"sku,name,unit,price_EUR\nSEAT,Another name,piece,4\n"
    confirming = asked(browser, "/catalogue/import/confirm", checked(browser, "/catalogue/import", content), statuses)

    def edit() -> None:
        catalogue.put_product(story.distributor.id, "SEAT", fields, acting_upstream(story.admin), AT)
        edited.set()
        until(somebody_waits)

    with together(app, edit, lambda: edited.wait() and confirming()) as raised:
        assert (raised, statuses) == ([None, None], [409])
    kept = "products JOIN prices ON product_id = products.id WHERE name = 'Product SEAT' AND (unit, unit_price) = "
    assert number_of(f"{kept}(:unit, :price)", unit=fields.get("unit", "seat"), price=fields.get("price", "2")) == 1


def test_files_with_prices_and_edits_of_them_at_once_never_wait_for_each_other_in_a_ring(
    app: Flask, story: Story
) -> None:
    seat = product(story.distributor, "SEAT", price=None)
    for _ in range(6):
        one = account(story.distributor, story.msp)
        usage(one, [(customer(one), seat, "40", None)])
    browser, statuses = sign_in(app, story.admin), list[int]()
    db.session.commit()
    jobs.open_reports(OPENED_AT)
    form = checked(browser, "/catalogue/import", b"sku,price_EUR\nSEAT,4\n")

    def change() -> None:
        fields = {"price": "3", "currency": "EUR"}
        catalogue.put_product(story.distributor.id, "SEAT", fields, acting_upstream(story.admin), AT)

    with together(app, change, asked(browser, "/catalogue/import/confirm", form, statuses)) as raised:
        assert raised == [None, None]
    assert statuses in ([302], [409])
    assert number_of("usage_reports WHERE missing_prices > 0") == 0


def sheet_of(browser: Browser, path: str) -> bytes:
    """The report as CSV with another figure in its first line."""
    exported = browser.get(f"{path}/export.csv").data.decode("utf-8-sig").splitlines()
    header, line = exported[0].split(","), exported[1].split(",")
    line[header.index("chargeable_units")] = "31"
    return "\r\n".join([",".join(header), ",".join(line), *exported[2:]]).encode()


def shown(browser: Browser, path: str) -> dict[str, str]:
    page = multipart(browser, f"{path}/import", sheet_of(browser, path)).text
    return {name: re.findall(f'name="{name}" value="([^"]+)"', page)[0] for name in ("held", "version")}


def test_a_spreadsheet_confirmed_twice_at_once_is_saved_once(app: Flask, story: Story) -> None:
    report, _line = story.open_account(("40", "30"))
    browser, path, statuses = sign_in(app, story.preparer), f"/reports/{report.uid}", list[int]()
    form = shown(browser, path)
    with together(app, *[asked(browser, f"{path}/import/confirm", form, statuses)] * 2):
        assert statuses == [302, 302]
    assert number_of("report_actions WHERE step = 'save'") == 1
    assert story.lines(report)[0].chargeable_units == Decimal(31)


def test_a_spreadsheet_confirmed_after_the_report_was_submitted_changes_nothing(app: Flask, story: Story) -> None:
    report, line = story.open_account(("40", "30"))
    browser, path = sign_in(app, story.preparer), f"/reports/{report.uid}"
    form = shown(browser, path)
    who = acting(story.preparer, report)
    drafts.save_lines(story.report(report), [LineDraft(line, comment="Parked")], who, AT)
    steps.submit(story.report(report), who, AT)
    answer = browser.post(f"{path}/import/confirm", data=form)
    assert answer.status_code == 409
    assert story.lines(report)[0].chargeable_units == Decimal(30)


def test_a_spreadsheet_and_a_colleague_at_once_keep_both_or_ask(app: Flask, story: Story) -> None:
    report, line = story.open_account(("40", "30"))
    browser, path, statuses = sign_in(app, story.preparer), f"/reports/{report.uid}", list[int]()
    form = shown(browser, path)
    who = acting(story.preparer, report)
    words = partial(save_words, story, report, line, who)
    with together(app, asked(browser, f"{path}/import/confirm", form, statuses), words):
        assert statuses[0] in {302, 412}
    (now,) = story.lines(report)
    assert now.comment == "Parked"
    assert now.chargeable_units == Decimal(31 if statuses == [302] else 30)


def save_words(story: Story, report: Any, line: Any, who: Any) -> None:
    drafts.save_lines(story.report(report), [LineDraft(line, comment="Parked")], who, AT)


def test_forged_reports_are_not_approved_with_the_others(app: Flask, story: Story) -> None:
    good, version = clean(story)
    rival = Story()
    foreign, _ = clean(rival)
    limited = over_the_limit(story)
    unclean = explained(story)
    preparing, _line = story.open_account()
    ticked = [(good, version), (foreign, 2), (limited, 2), (unclean, 3), (preparing.uid, 1), (good, 99)]
    form = {"report": [f"{uid}~{number}" for uid, number in ticked[:-1]]}
    assert sign_in(app, story.reviewer).post("/review/approve", data=form).status_code == 302
    assert number_of("usage_reports WHERE status = 'approved'") == 1
    assert number_of("usage_reports WHERE status = 'approved' AND uid = :uid", uid=good) == 1


def over_the_limit(story: Story) -> Any:
    story.account = account(story.distributor, story.msp, approval_limit=1)
    report = story.open(("40", None))
    steps.submit(story.report(report), acting(story.preparer, report), AT)
    return report.uid


def explained(story: Story) -> Any:
    report, line = story.open_account(("40", "30"))
    who = acting(story.preparer, report)
    drafts.save_lines(story.report(report), [LineDraft(line, comment="Parked")], who, AT)
    steps.submit(story.report(report), who, AT)
    return report.uid


def test_an_msp_with_two_partners_of_one_name_is_not_mixed_up(app: Flask, story: Story) -> None:
    """A file's name of an MSP means one that the distributor has, never another distributor's of the same name."""
    foreign = organization("Quay Networks")
    account(Story().distributor, foreign)
    browser = sign_in(app, story.admin)
    form = checked(browser, "/accounts/import", b"number,msp\nQ-1,Quay Networks\n")
    assert browser.post("/accounts/import/confirm", data=form).status_code == 302
    assert number_of("accounts WHERE msp_id = :msp", msp=foreign.id) == 1
