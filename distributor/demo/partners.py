"""The fifty MSPs: where they are, on which terms, and where each stands in the newest cycle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

DISTRIBUTOR = "Meridian Cloud Distribution"
# Local 00:00 of this day is when most reports open.
USUAL_DAY = 20


@dataclass(frozen=True, slots=True)
class Market:
    """A region with its currency and clock."""

    region: str
    currency: str
    time_zone: str


DUBLIN = Market("Europe", "EUR", "Europe/Dublin")
BERLIN = Market("Europe", "EUR", "Europe/Berlin")
LONDON = Market("United Kingdom", "GBP", "Europe/London")
NEW_YORK = Market("North America", "USD", "America/New_York")
CHICAGO = Market("North America", "USD", "America/Chicago")
# The zone in which days begin first: a cycle counts as opened once its day has come there.
EARLIEST_ZONE = BERLIN.time_zone

# Resellers in North America report nothing.
SCOPES = {
    ("Europe", "MSP"): True,
    ("United Kingdom", "MSP"): True,
    ("North America", "MSP"): True,
    ("North America", "Reseller"): False,
}


class Now(StrEnum):
    """Where a report of the newest cycle stands."""

    USUAL = "usual"  # whatever the account's own days make of it
    PREPARING = "preparing"
    UNTOUCHED = "untouched"
    REOPENED = "reopened"
    WAITING = "waiting"
    JUST_IN = "just in"
    AUTOMATIC = "automatic"
    PENALTY = "penalty"
    ESTIMATED = "estimated"
    ENDORSED = "endorsed"
    REJECTED = "rejected"
    APPROVED = "approved"
    WAIVED = "waived"
    KESTREL = "kestrel"


@dataclass(frozen=True, slots=True)
class Partner:
    """An MSP. `customers` of about `seats` seats each; `change` in percent since last month; `differences` now, of
    which `unexplained` have no comment. `feed`: whether the newest cycle's usage has come. `totals_only`: no customers.
    """

    number: int
    name: str
    now: Now
    market: Market = DUBLIN
    customers: int = 7
    seats: int = 70
    products: int = 4
    change: float = 1.0
    differences: int = 0
    unexplained: int = 0
    feed: bool = True
    totals_only: bool = False
    hand_counted: int = 0
    account_type: str = "MSP"
    terms: Mapping[str, Any] = field(default_factory=dict)

    @property
    def account(self) -> str:
        return f"MER-{self.number}"


TERMS: dict[str, Any] = {
    "auto_submit_after_days": 10, "resubmit_after_days": 5, "opens_on_day": USUAL_DAY, "opens_days_after_end": None,
    "closing_day": None, "tolerance_units": 1, "tolerance_percent": 2, "usage_source": "feed", "approval_limit": 50_000,
    "corrections_allowed": False, "auto_approve_max_change_percent": None, "uplift_percent": 5,
}  # fmt: skip

STRICT = {"tolerance_units": 0, "tolerance_percent": 0}
POLICY = {"auto_approve_max_change_percent": 10}


def after_end(closing_day: int | None, days: int) -> dict[str, Any]:
    return {"opens_on_day": None, "opens_days_after_end": days, "closing_day": closing_day}


PARTNERS = (
    Partner(1001, "Aldergate IT", Now.USUAL, terms={"opens_on_day": 25}),
    Partner(1002, "Bramble Networks", Now.REJECTED, customers=8, differences=4),
    Partner(1003, "Northgate Managed IT", Now.ENDORSED, customers=16, seats=140, products=5, change=4.0, differences=5,
            terms={"approval_limit": 40_000}),
    Partner(1004, "Clearwater Systems", Now.APPROVED, terms=POLICY),
    Partner(1005, "Slieve Digital", Now.PREPARING, customers=18, seats=80, differences=11, unexplained=11,
            terms=STRICT),
    Partner(1006, "Dovetail Technology", Now.APPROVED, differences=2),
    Partner(1007, "Bluefin Systems", Now.PENALTY, customers=60, seats=36, products=10, change=6.8, differences=9,
            unexplained=9, terms={"approval_limit": 120_000, "po_number": "BF-88120"}),
    Partner(1008, "Eastbank Computing", Now.APPROVED, hand_counted=3, differences=1),
    Partner(1009, "Halyard Systems", Now.UNTOUCHED, customers=6),
    Partner(1010, "Fairholm IT", Now.APPROVED),
    Partner(1011, "Trinity Tech Partners", Now.WAITING, customers=12, seats=115, change=1.7, differences=2),
    Partner(1012, "Granite Cloud Services", Now.USUAL, terms={"opens_on_day": 31}),
    Partner(1013, "Hazelwood IT", Now.PREPARING, hand_counted=8, terms={"usage_source": "manual"}),
    Partner(1014, "Ironbridge Support", Now.APPROVED, LONDON, differences=1),
    Partner(1015, "Corrib Cloud", Now.PENALTY, customers=10, seats=100, change=-2.9, differences=4, unexplained=3),
    Partner(1016, "Kingsmere Systems", Now.REJECTED, LONDON, differences=3),
    Partner(1017, "Larkfield Networks", Now.APPROVED, LONDON, terms={**POLICY, **STRICT}),
    Partner(1018, "Fernhill IT", Now.AUTOMATIC, customers=5, seats=85, change=0.4, differences=1),
    Partner(1019, "Maplewood Technology", Now.APPROVED, NEW_YORK, customers=9),
    Partner(1020, "Redwood Managed Services", Now.JUST_IN, customers=13, seats=105, change=11.7),
    Partner(1021, "Nordlicht IT", Now.USUAL, BERLIN, customers=9, terms=after_end(28, 1)),
    Partner(1022, "Oakridge Managed Services", Now.APPROVED, CHICAGO, customers=10, differences=2, terms=STRICT),
    Partner(1023, "Pinewood Computing", Now.APPROVED, NEW_YORK),
    Partner(1024, "Ardmore Digital", Now.WAITING, customers=9, seats=80, change=1.3, differences=1),
    Partner(1025, "Rheinblick Systems", Now.APPROVED, BERLIN, customers=11, seats=90, differences=1),
    Partner(1026, "Silverbrook IT", Now.REOPENED, terms={"corrections_allowed": True}),
    Partner(1027, "Lakeshore Data Services", Now.UNTOUCHED, NEW_YORK, differences=1),
    Partner(1028, "Thornfield Networks", Now.USUAL, LONDON, terms=after_end(None, 1)),
    Partner(1029, "Wexford Office Systems", Now.WAITING, customers=8, seats=75, change=-13.3, differences=3),
    Partner(1030, "Umber Systems", Now.APPROVED, LONDON, customers=5),
    Partner(1031, "Causeway Computing", Now.AUTOMATIC, customers=6, change=0.2),
    Partner(1032, "Prairie Cloud Partners", Now.APPROVED, CHICAGO, terms={"uplift_percent": 10}),
    Partner(1033, "Sandycove IT", Now.UNTOUCHED, feed=False),
    Partner(1034, "Whitby Business Systems", Now.REJECTED, LONDON, differences=3, terms=STRICT),
    Partner(1035, "Yarrow Technology", Now.USUAL, LONDON, terms=after_end(25, 1)),
    Partner(1036, "Lighthouse IT Solutions", Now.WAITING, customers=9, change=1.4, differences=2),
    Partner(1037, "Ashbourne IT", Now.USUAL, terms={"opens_on_day": 28}),
    Partner(1038, "Quayside Technology", Now.AUTOMATIC, customers=5, change=0.0),
    Partner(1039, "Birchwood Support", Now.APPROVED, NEW_YORK, differences=1),
    Partner(1040, "Cedar Point Networks", Now.ESTIMATED, CHICAGO, feed=False),
    Partner(1041, "Elmfield Computing", Now.APPROVED, LONDON, terms={"tolerance_units": 3, "tolerance_percent": 5}),
    Partner(1042, "Kestrel IT Services", Now.KESTREL,
            terms={"tolerance_units": 2, "corrections_allowed": True, "po_number": "4500-2210"}),
    Partner(1043, "Foxglove IT", Now.APPROVED, customers=1, seats=600, products=12, totals_only=True, terms=POLICY),
    Partner(1044, "Dunmore Networks", Now.PREPARING, differences=3, unexplained=2),
    Partner(1045, "Mulberry IT", Now.WAITING, customers=10, seats=115, change=1.0),
    Partner(1046, "Gateway Resale Group", Now.USUAL, NEW_YORK, account_type="Reseller"),
    Partner(1047, "Harborline Resale", Now.USUAL, CHICAGO, account_type="Reseller"),
    Partner(1048, "Sycamore Support", Now.WAITING, customers=4, seats=50, change=1.1),
    Partner(1049, "Beara Broadband", Now.UNTOUCHED, customers=5),
    Partner(1050, "Kilronan Technology", Now.WAIVED, customers=8, differences=3, unexplained=2),
)  # fmt: skip
KESTREL = next(partner for partner in PARTNERS if partner.now is Now.KESTREL)


def terms_of(partner: Partner) -> dict[str, Any]:
    """The account's terms with nothing left open but its opening day, which may be brought forward."""
    market = partner.market
    place = {"region": market.region, "currency": market.currency, "time_zone": market.time_zone}
    return {**TERMS, **place, "account_type": partner.account_type, **partner.terms}


def reports_usage(partner: Partner) -> bool:
    """Whether the distributor has switched usage reports on for the partner's region and type."""
    return SCOPES[partner.market.region, partner.account_type]
