"""Opening reports: for every account whose opening day has come, oldest cycle first, hundreds per transaction."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Row, select, text

from distributor.accounts.models import Account
from distributor.database import db, one_of
from distributor.identity.acting import Acting
from distributor.usage_reports.operations.recording import notify
from distributor.usage_reports.operations.usage import add_opening_lines
from distributor.usage_reports.queries import ACCOUNT
from workflows.money import minor_unit
from workflows.report_cycle import Cycle, OpeningTerms, bounds, due_after, newest_cycle_due, opens_at
from workflows.usage_report import Step, fire, unopened

AccountRow = Row[Any]


@dataclass(frozen=True, slots=True)
class Opening:
    """A report to open: the account, the cycle, and the instants that follow from its terms."""

    account: AccountRow
    cycle: Cycle
    starts_on: date
    ends_on: date
    due_at: datetime


def terms_of(account: AccountRow | Account) -> OpeningTerms:
    """What decides when the account's reports open."""
    return _terms(account.closing_day, account.opens_on_day, account.opens_days_after_end, account.time_zone)


# Thousands of accounts open with the same few terms on the same day: each instant is worked out once.
_terms = lru_cache(maxsize=1024)(OpeningTerms)
_opens_at = lru_cache(maxsize=1024)(opens_at)
_due_after = lru_cache(maxsize=1024)(due_after)


def accounts_to_open(at: datetime, *, limit: int, but: Sequence[int] = ()) -> list[int]:
    """Ids of up to `limit` accounts whose next cycle's opening instant has come, without those in `but`."""
    query = select(ACCOUNT.c.id).where(ACCOUNT.c.next_opens_at <= at, ~one_of(ACCOUNT.c.id, but))
    return list(db.session.scalars(query.order_by(ACCOUNT.c.id).limit(limit)))


def open_next(ids: Sequence[int], at: datetime, acting: Acting) -> list[int]:
    """Open the next cycle of those of the accounts for which it has come; returns the accounts looked at.

    Called until it returns none, it opens every missed cycle in order. Safe to run by several schedulers at once:
    accounts are claimed by their rows' locks.
    """
    query = (
        select(ACCOUNT)
        .where(one_of(ACCOUNT.c.id, ids), ACCOUNT.c.next_opens_at <= at)
        .order_by(ACCOUNT.c.id)
        .with_for_update(skip_locked=True)
    )
    accounts = list(db.session.execute(query))
    openings = [opening_of(account, Cycle.from_date(account.next_cycle), at) for account in accounts]
    open_reports([opening for opening in openings if _reports_in(opening)], acting, at)
    _advance(openings)
    return [account.id for account in accounts]


def open_newest(at: datetime, acting: Acting, *, after: int = 0, limit: int = 500) -> tuple[int | None, int]:
    """Open the newest cycle due at `at` for accounts that miss it.

    Returns the last account id looked at (None at the end) and how many reports were opened.
    """
    query = select(ACCOUNT).where(ACCOUNT.c.id > after).order_by(ACCOUNT.c.id).limit(limit).with_for_update()
    accounts = list(db.session.execute(query))
    openings = [opening_of(account, newest_cycle_due(at, terms_of(account)), at) for account in accounts]
    opened = open_reports([opening for opening in openings if _reports_in(opening)], acting, at)
    _advance([opening for opening in openings if opening.cycle.first_day >= opening.account.next_cycle])
    return (accounts[-1].id if accounts else None), len(opened)


def opening_of(account: AccountRow, cycle: Cycle, at: datetime) -> Opening:
    """What opening `cycle` of `account` at `at` comes to; a late opening keeps its full window (domain.md, "When")."""
    starts_on, ends_on = bounds(cycle, account.closing_day)
    due_at = _due_after(at, account.auto_submit_after_days, account.time_zone)
    return Opening(account, cycle, starts_on, ends_on, due_at)


def _check_may_open(opening: Opening, acting: Acting, at: datetime) -> None:
    terms = opening.account
    state = unopened(opening.due_at, terms.time_zone, terms.resubmit_after_days)
    fire(state, Step.OPEN, acting.actor, at, opens_at=_opens_at(opening.cycle, terms_of(terms)))


def next_opening(account: AccountRow | Account, cycle: Cycle) -> datetime | None:
    """When `cycle` opens for the account; None when it reports no more by then."""
    if account.reports_until is not None and cycle.first_day > account.reports_until:
        return None
    return _opens_at(cycle, terms_of(account))


def first_cycle(account: AccountRow | Account, at: datetime) -> Cycle:
    """Where a new account starts: the later of `reports_from` and the newest cycle already due (settled.md, "Time")."""
    return max(Cycle.from_date(account.reports_from), newest_cycle_due(at, terms_of(account)))


def _reports_in(opening: Opening) -> bool:
    first, last = opening.account.reports_from, opening.account.reports_until
    return bool(first <= opening.cycle.first_day and (last is None or opening.cycle.first_day <= last))


REPORTS = text("""
INSERT INTO usage_reports (
  account_id, distributor_id, msp_id, cycle, starts_on, ends_on, status, opened_at, due_at, due_set_at, usage_taken_at,
  po_number, currency, minor_unit, time_zone, auto_submit_after_days, resubmit_after_days,
  tolerance_units, tolerance_percent, corrections_allowed, uplift_percent, usage_source)
SELECT
  a.id, a.distributor_id, a.msp_id, o.cycle, o.starts_on, o.ends_on, 'msp_preparing', :at, o.due_at, :at, :at,
  a.po_number, a.currency, o.minor_unit, a.time_zone, a.auto_submit_after_days, a.resubmit_after_days,
  a.tolerance_units, a.tolerance_percent, a.corrections_allowed, a.uplift_percent, a.usage_source
FROM jsonb_to_recordset(CAST(:openings AS jsonb))
       AS o (account_id bigint, cycle date, starts_on date, ends_on date, due_at timestamptz, minor_unit smallint)
JOIN accounts a ON a.id = o.account_id
JOIN reporting_scopes s ON s.distributor_id = a.distributor_id AND s.region = a.region
  AND s.account_type = a.account_type AND s.usage_reports
ON CONFLICT ON CONSTRAINT one_report_per_account_and_cycle DO NOTHING
RETURNING id""")

ACTIONS = text("""
INSERT INTO report_actions (report_id, account_id, distributor_id, msp_id, version, step, from_status, to_status, at,
  actor_side, actor_user_id, actor_name, via, details)
SELECT r.id, r.account_id, r.distributor_id, r.msp_id, 1, 'open', 'none', 'msp_preparing', :at,
  'system', NULL, :name, :via, jsonb_build_object(
    'lines', r.line_count, 'amount', r.amount::text, 'due_at', r.due_at, 'missing_figures', r.missing_figures)
FROM usage_reports r WHERE r.id = ANY(CAST(:ids AS bigint[]))""")


def open_reports(openings: Sequence[Opening], acting: Acting, at: datetime) -> list[int]:
    """Open these reports, giving their ids; those that exist, or whose region and type have none, are passed over."""
    if not openings:
        return []
    for opening in openings:
        _check_may_open(opening, acting, at)
    given = {"openings": json.dumps([_given(opening) for opening in openings], default=str), "at": at}
    ids = list(db.session.scalars(REPORTS, given))
    if ids:
        add_opening_lines(ids)
        db.session.execute(ACTIONS, {"ids": ids, "at": at, "name": acting.name, "via": acting.via})
        _tell(ids, at)
    return ids


def _given(opening: Opening) -> dict[str, Any]:
    return {
        "account_id": opening.account.id,
        "cycle": opening.cycle.first_day,
        "starts_on": opening.starts_on,
        "ends_on": opening.ends_on,
        "due_at": opening.due_at,
        "minor_unit": minor_unit(opening.account.currency),
    }


def _tell(ids: list[int], at: datetime) -> None:
    notify(ids, "opened", ["version:1"] * len(ids), [{"version": 1}] * len(ids), at)
    query = text("SELECT id FROM usage_reports WHERE id = ANY(CAST(:ids AS bigint[])) AND missing_prices > 0")
    unpriced = list(db.session.scalars(query, {"ids": ids}))
    notify(unpriced, "unpriced", ["unpriced"] * len(unpriced), [{}] * len(unpriced), at)


ADVANCE = text("""
UPDATE accounts a SET next_cycle = n.cycle, next_opens_at = n.opens_at
FROM jsonb_to_recordset(CAST(:next AS jsonb)) AS n (id bigint, cycle date, opens_at timestamptz)
WHERE a.id = n.id""")


def _advance(openings: Sequence[Opening]) -> None:
    if openings:
        following = [(opening.account, opening.cycle.next()) for opening in openings]
        rows = [
            {"id": account.id, "cycle": cycle.first_day, "opens_at": next_opening(account, cycle)}
            for account, cycle in following
        ]
        db.session.execute(ADVANCE, {"next": json.dumps(rows, default=str)})
