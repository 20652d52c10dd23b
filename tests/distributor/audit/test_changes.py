"""Changes of terms, prices, products, policies, brands and scopes are in the trail, old beside new."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from flask import Flask

from distributor.accounts import importing as account_lists
from distributor.accounts import operations as accounts
from distributor.accounts import queries
from distributor.brands import operations as brands
from distributor.catalogue import importing as product_lists
from distributor.catalogue import operations as catalogue
from distributor.identity.acting import acting_upstream, operator
from distributor.list_files import Layout, read_list
from distributor.policies.operations import set_policy
from distributor.provisioning.formats import COMMAND_LIMITS
from tests.distributor.audit.trail import chain_of
from tests.factories import OPENED_AT, Story, product

AT = OPENED_AT + timedelta(hours=5)


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


def told(**which: int) -> list[tuple[str, str, object]]:
    return [(entry.what, entry.subject, entry.details) for entry in chain_of(**which)]


def test_changed_terms_are_told_to_both_sides_with_old_and_new(story: Story) -> None:
    row = queries.account_by_id(story.account.id)
    accounts.update_account(row, {"terms": {"tolerance_percent": "2.50", "currency": "EUR"}}, story.admin, AT)
    changes = {"changes": {"tolerance_percent": ["0", "2.5"]}}
    assert told(account_id=story.account.id) == [("terms.changed", story.account.number, changes)]


def test_terms_set_to_what_they_were_leave_no_entry(story: Story) -> None:
    row = queries.account_by_id(story.account.id)
    accounts.update_account(row, {"terms": {"tolerance_percent": 0}}, story.admin, AT)
    assert told(account_id=story.account.id) == []


def test_a_new_account_begins_its_chain_with_its_terms(story: Story) -> None:
    made = accounts.create_account(story.admin, {"number": "N-1", "msp": {"name": "Newcomer"}}, AT).account
    ((what, subject, details),) = told(account_id=made.id)
    assert (what, subject) == ("account.created", "N-1")
    assert details["changes"]["currency"] == [None, "EUR"]  # type: ignore[index]  # an object


def test_automatic_approval_is_told_in_each_accounts_chain(story: Story) -> None:
    accounts.set_automatic_approval([story.account.uid], Decimal("2.50"), story.admin, AT)
    accounts.set_automatic_approval([story.account.uid], Decimal("2.5"), story.admin, AT)
    changes = {"changes": {"auto_approve_max_change_percent": [None, "2.5"]}}
    assert told(account_id=story.account.id) == [("terms.changed", story.account.number, changes)]


def test_where_reports_are_on_is_told(story: Story) -> None:
    accounts.set_reporting(story.distributor.id, "Europe", "MSP", False, acting_upstream(story.admin), at=AT)
    details = {"region": "Europe", "type": "MSP", "usage_reports": False}
    assert told(organization_id=story.distributor.id) == [("reporting.set", "Europe, MSP", details)]


def test_a_product_and_its_price_are_told(story: Story) -> None:
    fields = {"name": "Backup", "price": "2.50", "currency": "EUR"}
    catalogue.put_product(story.distributor.id, "BK", fields, acting_upstream(story.admin), AT)
    catalogue.put_product(story.distributor.id, "BK", {**fields, "price": "3"}, acting_upstream(story.admin), AT)
    assert told(organization_id=story.distributor.id) == [
        ("product.created", "BK", {"changes": {"name": [None, "Backup"]}}),
        ("price.changed", "BK", {"currency": "EUR", "changes": {"unit_price": [None, "2.5"]}}),
        ("price.changed", "BK", {"currency": "EUR", "changes": {"unit_price": ["2.5", "3"]}}),
    ]


def test_a_changed_product_is_told(story: Story) -> None:
    known = product(story.distributor, "BK")
    catalogue.put_product(story.distributor.id, "BK", {"unit": "GB"}, acting_upstream(story.admin), AT)
    assert told(organization_id=story.distributor.id) == [
        ("product.changed", known.sku, {"changes": {"unit": ["seat", "GB"]}})
    ]


def listed(text: str, layout: Layout) -> object:
    return read_list(text.encode(), "list.csv", layout, COMMAND_LIMITS)


def test_a_file_of_products_is_told_row_by_row(story: Story) -> None:
    product(story.distributor, "BK", price="2.85")
    given = listed("sku,name,price_EUR\nBK,,3\nNEW,New,\n", product_lists.LAYOUT)
    plan = product_lists.plan(story.distributor.id, given, operator())  # type: ignore[arg-type]  # as read
    product_lists.carry_out(story.distributor.id, plan, operator(), AT)
    facts = told(organization_id=story.distributor.id)
    assert [(what, subject) for what, subject, _ in facts] == [("price.changed", "BK"), ("product.created", "NEW")]


def test_a_file_of_accounts_is_told_in_each_chain(story: Story) -> None:
    text = f"number,msp,tolerance_units\n{story.account.number},,4\nN-1,Newcomer,1\n"
    plan = account_lists.plan(story.distributor.id, listed(text, account_lists.LAYOUT), AT)  # type: ignore[arg-type]  # as read
    account_lists.carry_out(story.distributor.id, plan, story.admin, AT)
    changes = {"changes": {"tolerance_units": ["0", "4"]}}
    assert told(account_id=story.account.id) == [("terms.changed", story.account.number, changes)]
    made = queries.account_by_number("N-1")
    assert [what for what, _, _ in told(account_id=made.id)] == ["account.created"]


def test_a_policy_is_told_with_what_it_was(story: Story) -> None:
    set_policy(story.admin, "5", "10", AT)
    assert told(organization_id=story.distributor.id) == [
        ("policy.changed", "", {"changes": {"bulk_max_change_percent": [None, "5"]}})
    ]


def test_a_brand_is_told(story: Story) -> None:
    form = {"name": "Meridian", "colour": "#2456d3", "footer": "", "reply_to": ""}
    brands.save_brand(story.admin, form, AT)
    brands.save_brand(story.admin, form, AT)
    brands.remove_logo(story.admin, AT)
    ((what, _, details),) = told(organization_id=story.distributor.id)
    assert (what, details) == ("brand.changed", {"changes": {"name": ["Meridian Cloud Distribution", "Meridian"]}})
