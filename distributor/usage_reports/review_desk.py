"""What the reviewer's pages share: the blueprint, who reviews, and the queue that the address names."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, request

from distributor import clock
from distributor.errors import NotFound
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member
from distributor.usage_reports.policies import Policy
from distributor.usage_reports.queue_address import address_of, is_address, wanted_of
from distributor.usage_reports.review_queue import Desk, QueueFilter
from workflows.usage_report import Status

blueprint = Blueprint("review", __name__, url_prefix="/review")


def reviewing_member() -> CurrentMember:
    """The member behind the request, who stands on the distributor's side. Raises NotFound for anybody else."""
    member = require_member()
    if not member.is_distributor:
        raise NotFound
    return member


def desk(member: CurrentMember, policy: Policy) -> Desk:
    """The member's desk as of now."""
    return Desk(member, policy, clock.now())


def queue_of(cycle: date) -> QueueFilter:
    """The queue that the reader came from, as the address says; else that of the cycle's reports under review."""
    if is_address(request.args):
        return wanted_of(request.args, [cycle])
    return QueueFilter(cycle)


def way_on(wanted: QueueFilter) -> dict[str, Any]:
    """Parameters that lead on through the queue the reader came from; none for those who came from elsewhere."""
    return {**address_of(wanted)} if is_address(request.args) else {}


def queue_endpoint(wanted: QueueFilter) -> str:
    """The page on which a queue stands."""
    return "review.queue" if wanted.status is Status.UNDER_REVIEW else "review.all_reports"
