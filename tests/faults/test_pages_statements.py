"""However many reports, accounts or products there are: a page asks the database as often as with three of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from sqlalchemy import text

from distributor.accounts.models import Account
from distributor.database import db
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.models import Organization
from distributor.usage_reports.operations import steps
from tests.clients import Browser
from tests.distributor.usage_reports.counting import counted_queries
from tests.factories import Story, customer, member, organization, product, usage
from tests.factories import account as new_account
from tests.faults.ground import AT, World, service
from tests.faults.test_pages_tenants import methods, pages
from workflows.usage_report import Role

FEW, MANY = 3, 60
# Eight of the page's own, the one that knows its reader, and the one that notes that an MSP has its report open.
MOST = 10


@pytest.fixture(scope="module")
def counts(cluster: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, list[int]]]:
    """How many statements each page of both sides sends with few and with many of everything."""
    with service(cluster, template, f"many_{os.getpid()}", tmp_path_factory.mktemp("many")) as app:
        world = World(app)
        found: dict[str, list[int]] = {}
        made = 0
        for number in (FEW, MANY):
            fill(world.story, made, number)
            made = number
            measure(world, found)
        yield found


def fill(story: Story, made: int, number: int) -> None:
    """So many MSPs of the distributor with a report under review, and as many accounts and lines of the first MSP."""
    what = [product(story.distributor, f"P-{n}") for n in range(made, number)]
    for n in range(made, number):
        own = story.account = new_account(story.distributor, organization(f"MSP {n}"))
        usage(own, [(customer(own), what[n - made], "40", None)])
        report = story.open_cycle()
        if n % 2:
            steps.submit(story.report(report), acting(preparer_of(own), report), AT)
        mine = story.account = new_account(story.distributor, story.msp)
        usage(mine, [(customer(mine), what[n - made], "40", "30")])
        story.open_cycle()
    db.session.commit()
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def preparer_of(own: Account) -> CurrentMember:
    return member(db.session.get_one(Organization, own.msp_id), Role.PREPARER)


def measure(world: World, found: dict[str, list[int]]) -> None:
    for who in (world.distributor_admin, world.msp_admin):
        side = "distributor" if who.is_distributor else "msp"
        for name, path in addresses(world).items():
            asked(world.browser(who), f"{side} {name}", path, found)


def addresses(world: World) -> dict[str, str]:
    """Every page without an id, and some with one or with questions."""
    router = world.app.url_map.bind("localhost")
    plain = {
        rule.rule: router.build(rule.endpoint, dict.fromkeys(rule.arguments, "csv"))
        for rule in pages(world)
        if "uid" not in rule.arguments and "GET" in methods(rule)
    }
    return {
        **plain,
        "a review": f"/review/{world.review.uid}",
        "an account": f"/accounts/{world.story.account.uid}",
        "a product": f"/catalogue/{world.manual.uid}",
        "a report": f"/reports/{world.preparing.uid}",
        "a search": "/search?q=MSP",
        "options": "/search/options?q=MSP",
        "clean ones": "/review?view=clean",
        "all of them": "/review?cycle=all&status=any&sort=change",
        "whom to remind": "/overview/remind?cycle=2026-10",
    }


def asked(browser: Browser, name: str, path: str, found: dict[str, list[int]]) -> None:
    with counted_queries() as seen:
        answer = browser.get(path)
    if answer.status_code == 200:
        found.setdefault(name, []).append(len(seen))


def test_no_page_asks_more_often_for_more_rows(counts: dict[str, list[int]]) -> None:
    grown = {name: numbers for name, numbers in counts.items() if len(numbers) == 2 and numbers[1] > numbers[0]}
    assert not grown
    assert len(counts) > 50


def test_every_page_asks_a_handful_of_times(counts: dict[str, list[int]]) -> None:
    assert {name: numbers for name, numbers in counts.items() if max(numbers) > MOST} == {}
