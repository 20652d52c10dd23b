"""What was counted for an MSP in each cycle, and what its people say about it; the same on whatever day it is made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from random import Random

from distributor.demo.catalogue import COUNTED_BY_HAND, FED, ITEMS, UNPRICED_IN_USD, Item
from distributor.demo.names import customers, explanation, slug
from distributor.demo.partners import Now, Partner, terms_of

CYCLES = 13
# Customer's reference (None where only totals are reported) and SKU.
Key = tuple[str | None, str]


@dataclass(frozen=True, slots=True)
class Counted:
    """A line of usage. `declared` is the figure the MSP types over the one the report opens with."""

    customer: str | None
    sku: str
    provisioned: int | None
    used: int | None = None
    declared: Decimal | None = None
    comment: str | None = None
    differs: bool = False

    @property
    def key(self) -> Key:
        return (slug(self.customer) if self.customer else None, self.sku)

    @property
    def charged(self) -> Decimal:
        """What the MSP means to be charged."""
        units = self.provisioned if self.used is None else self.used
        return self.declared if self.declared is not None else Decimal(units or 0)


class Kind(StrEnum):
    """What becomes of a report in an ordinary cycle."""

    BY_HAND = "by hand"
    AUTOMATIC = "automatic"
    PENALTY = "penalty"
    SENT_BACK = "sent back"
    RECALLED = "recalled"


@dataclass(frozen=True, slots=True)
class Habit:
    """How an MSP treats a cycle: what it does, how many lines differ, how many of them it leaves without a comment."""

    kind: Kind
    differences: int = 0
    unexplained: int = 0


def habit(partner: Partner, back: int) -> Habit:
    """What happened `back` cycles ago; 0 is the newest one."""
    if back == 0 and partner.now is not Now.USUAL:
        return Habit(Kind.BY_HAND, partner.differences, partner.unexplained)
    random = Random(f"habit {partner.number} {back}")
    kind = random.choices(list(Kind), (70, 12, 8, 7, 3))[0]
    if partner.hand_counted and kind is not Kind.SENT_BACK:
        kind = Kind.BY_HAND  # nobody else knows these figures
    if terms_of(partner)["usage_source"] == "manual":
        return Habit(Kind.BY_HAND)
    least = 1 if kind in {Kind.PENALTY, Kind.SENT_BACK} else 0
    differences = max(least, random.choice((0, 0, 1, 2, 3)))
    return Habit(kind, differences, random.randint(1, differences) if kind is Kind.PENALTY else 0)


def year(partner: Partner) -> list[list[Counted]]:
    """The lines of each cycle; index 0 is the newest one, index 1 the one before."""
    random = Random(f"year {partner.number}")
    levels = _start(partner, random)
    counted: list[list[Counted]] = []
    for back in reversed(range(CYCLES)):
        _drift(levels, random, partner.change if back == 0 else 1.0, back)
        counted.insert(0, _cycle(partner, back, levels))
    return counted


def _start(partner: Partner, random: Random) -> dict[tuple[str | None, str], int]:
    """Units of a year ago, per customer's name and SKU."""
    levels: dict[tuple[str | None, str], int] = {}
    by_hand = terms_of(partner)["usage_source"] == "manual"
    names: list[str | None] = [None] if partner.totals_only else [*customers(random, partner.customers)]
    for name in names:
        seats = max(5, round(partner.seats * random.triangular(0.4, 1.9, 0.8)))
        for item in [] if by_hand else _kit(random, partner.products):
            levels[name, item.sku] = max(1, round(seats * item.per_seat * random.uniform(0.85, 1)))
    for number in range(partner.hand_counted):
        levels[names[number % len(names)], COUNTED_BY_HAND[number % len(COUNTED_BY_HAND)].sku] = random.randint(2, 14)
    return levels


def _kit(random: Random, count: int) -> list[Item]:
    return [ITEMS["M365-BP-S"], *random.sample([item for item in FED if item.sku != "M365-BP-S"], count - 1)]


def _drift(levels: dict[tuple[str | None, str], int], random: Random, change: float, back: int) -> None:
    """Most lines stay; some grow a little, fewer shrink. `change` in percent moves all of the newest cycle."""
    for key, units in levels.items():
        moved = units
        if random.random() < 0.14:
            moved = max(1, units + round(random.uniform(-0.05, 0.09) * units) + random.choice((-1, 1, 1)))
        levels[key] = max(1, round(moved * (1 + (change - 1.0) / 100))) if back == 0 else moved


def _cycle(partner: Partner, back: int, levels: dict[tuple[str | None, str], int]) -> list[Counted]:
    now, random = habit(partner, back), Random(f"cycle {partner.number} {back}")
    fed = [key for key in levels if not ITEMS[key[1]].manual]
    dear = sorted(fed, key=lambda key: (-levels[key] * ITEMS[key[1]].euro, key))[: max(now.differences, len(fed) // 4)]
    large = [key for key in dear if levels[key] >= 12]
    differing = random.sample(large, min(now.differences, len(large)))
    silent = set(differing[: now.unexplained])
    lines = [
        _differing(partner, random, key, units, key in silent) if key in differing else _agreeing(key, units)
        for key, units in levels.items()
    ]
    if back == 0 and partner.number == 1027:
        lines.append(Counted(fed[0][0], UNPRICED_IN_USD, 24))
    return lines


def _agreeing(key: tuple[str | None, str], units: int) -> Counted:
    item = ITEMS[key[1]]
    if item.manual:
        figure = Decimal(units) + (Decimal("0.25") if item.precision else 0)
        return Counted(*key, None, declared=figure)
    return Counted(*key, units, units if item.reports_used else None)


def _differing(partner: Partner, random: Random, key: tuple[str | None, str], units: int, silent: bool) -> Counted:
    """A line well outside the tolerance; now and then more is charged than the feed knows of."""
    terms = terms_of(partner)
    tolerated = max(terms["tolerance_units"], units * terms["tolerance_percent"] / 100)
    gap = int(tolerated) + 1 + round(units * random.uniform(0.02, 0.15))
    charged = units + gap if random.random() < 0.12 and not silent else max(0, units - gap)
    comment = None if silent else explanation(random, units, charged)
    if ITEMS[key[1]].reports_used:
        return Counted(*key, units, charged, None, comment, differs=True)
    return Counted(*key, units, None, Decimal(charged), comment, differs=True)
