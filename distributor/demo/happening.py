"""A deed on one report: what is done, by whom, when, and with which words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from distributor.demo.figures import Key
from workflows.report_cycle import Cycle


class Act(StrEnum):
    """Deeds, in the order in which they are done where they fall on one instant."""

    OPEN = "open"
    REMIND = "remind"
    ADD_LINES = "add lines"
    DRAFT = "draft"
    RECALL = "recall"
    SUBMIT = "submit"
    AUTO_SUBMIT = "auto submit"
    AUTO_APPROVE = "auto approve"
    WAIVE = "waive"
    ENDORSE = "endorse"
    APPROVE = "approve"
    REJECT = "reject"
    REOPEN = "reopen"
    INVOICE = "invoice"


class By(StrEnum):
    """Who does it; preparers are those of the report's MSP."""

    SERVICE = "service"
    PREPARER = "preparer"
    REVIEWER = "reviewer"
    SECOND = "second reviewer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Words:
    """What is typed on a line; None leaves the field as it is."""

    units: Decimal | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Happening:
    """A deed on one report. `words` are the MSP's by line; `notes` the distributor's remarks or waivers by line."""

    at: datetime
    act: Act
    by: By
    account: str = ""
    cycle: Cycle | None = None
    words: Mapping[Key, Words] = field(default_factory=dict)
    notes: Mapping[Key, str] = field(default_factory=dict)
    reason: str | None = None

    @property
    def order(self) -> tuple[datetime, int, str, str]:
        return self.at, list(Act).index(self.act), self.by, self.account
