"""schemathesis on the OpenAPI document: whatever is sent to a call, it never fails, and answers as it is documented."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from itertools import count
from random import Random

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
from sqlalchemy import select

from distributor.database import db
from distributor.usage_reports.models import UsageReport
from tests.proof.course import AnyCase, Course, Operation, by_name
from tests.proof.figures import Figure, Told
from tests.proof.ground import Ground, service
from tests.proof.market import Company, Market

DOCUMENT = "/api/v1/openapi.json"
CHECKS = [not_a_server_error, content_type_conformance, response_headers_conformance, response_schema_conformance]
PROBLEM = "application/problem+json"
SEEDS = (20261101, 20261102)
EXAMPLES = 50
KEYS = count(1)


@dataclass
class Found:
    """Calls made, how each operation answered them, and what was wrong."""

    answers: dict[str, Counter[int]] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def calls(self) -> int:
        return sum(statuses.total() for statuses in self.answers.values())

    @property
    def never_well(self) -> list[str]:
        """Operations that no call got through."""
        return sorted(name for name, statuses in self.answers.items() if not any(code < 300 for code in statuses))


@dataclass(frozen=True)
class Caller:
    """A company's manager with its token, and the ids it may know."""

    company: Company
    partner: Company


def callers(market: Market) -> list[Caller]:
    """A partner, and the distributor it reports to."""
    partner = market.partners[0]
    assert partner.upstream is not None
    return [Caller(partner, partner), Caller(partner.upstream, partner)]


@dataclass(frozen=True)
class Draws:
    """How many examples of each kind are drawn, and from which seed."""

    seed: int
    examples: int


def run_well(app: Flask, market: Market, found: Found) -> None:
    """Every operation, as it is meant to be called."""
    described = by_name(list(operations(app)))
    Course(described, market, lambda case, who: _judge(case, who.manager.token, found)).run()


def call_everything(app: Flask, market: Market, draws: Draws, found: Found) -> None:
    """Examples for each operation, caller, and kind of data: as documented, and not quite."""
    for operation in operations(app):
        for caller in callers(market):
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                _call(operation, caller, mode, draws, found)


def operations(app: Flask) -> Iterator[Operation]:
    """All that the document describes."""
    schema = Context().run(schemathesis.openapi.from_wsgi, DOCUMENT, app)
    for found in schema.get_all_operations():
        # The document is valid (tests/distributor/api/test_document.py), so each of its operations can be read.
        assert isinstance(found, Ok)
        yield found.ok()


def _call(operation: Operation, caller: Caller, mode: GenerationMode, draws: Draws, found: Found) -> None:
    random = Random(f"{draws.seed} {operation.label} {caller.company.name} {mode}")

    @seed(draws.seed)
    @settings(max_examples=draws.examples, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(operation.as_strategy(generation_mode=mode))
    def calls(case: AnyCase) -> None:
        # Most go to what is there, in its present version: the rest is refused at the door.
        if random.random() < 0.8:
            _aim(case, caller, random)
        _judge(case, caller.company.manager.token, found)

    calls()


def _aim(case: AnyCase, caller: Caller, random: Random) -> None:
    """Name a thing of the caller's own in the address, its version and a new key in the headers."""
    db.session.rollback()
    name = "account" if "/accounts/" in case.path else random.choice(("preparing", "review", "approved", "rejected"))
    if "uid" in case.path_parameters:
        case.path_parameters["uid"] = str(caller.partner.ids[name])
    if "line" in case.path_parameters:
        case.path_parameters["line"] = str(caller.partner.ids[f"{name} line"])
    if "Idempotency-Key" in case.headers:
        case.headers["Idempotency-Key"] = f"key-{next(KEYS)}"
    if any(header.name == "If-Match" for header in case.operation.headers):
        version = db.session.scalar(select(UsageReport.version).filter_by(uid=caller.partner.ids[name]))
        case.headers["If-Match"] = f'"{version}"'


def _judge(case: AnyCase, token: str, found: Found) -> Response:
    db.session.commit()
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    answer: Response = Context().run(case.call, headers=headers)
    found.answers.setdefault(case.operation.label, Counter())[answer.status_code] += 1
    for fault in [*_undocumented(case, answer), *_failures(case, answer)]:
        found.faults.setdefault((case.operation.label, fault.partition(":")[0]), fault)
    return answer


def _undocumented(case: AnyCase, answer: Response) -> Iterator[str]:
    """Each status has to be named: the document's `default` stands for failures of ours alone."""
    if str(answer.status_code) not in case.operation.responses.status_codes:
        yield f"{answer.status_code} is not documented: {answer.text[:300]}"
    elif answer.status_code >= 400 and PROBLEM not in answer.headers.get("content-type", [""])[0]:
        yield f"{answer.status_code} came without a problem document"


def _failures(case: AnyCase, answer: Response) -> list[str]:
    try:
        case.validate_response(answer, checks=CHECKS)
    except FailureGroup as group:
        return [f"{one.title}: {one.message}\n{case.as_curl_command()}" for one in group.exceptions]
    return []


def prove(on: Ground, told: Told, seeds: Sequence[int] = SEEDS, examples: int = EXAMPLES) -> Figure:
    """Every operation, both sides of an account, data that fits the document and data that does not."""
    found = Found()
    for number in seeds:
        with service(on) as app:
            market = Market(app, number)
            run_well(app, market, found)
            call_everything(app, market, Draws(number, examples), found)
        told(f"seed {number}: {found.calls:,} calls so far, {len(found.faults)} faults")
    statuses: Counter[int] = sum(found.answers.values(), Counter())
    answers = ", ".join(f"{code}: {times:,}" for code, times in sorted(statuses.items()))
    return Figure(
        "The API answers as its document says",
        "every operation, 0 answers of 5xx, 0 undocumented",
        f"{found.calls:,} calls of {len(found.answers)} operations, {len(found.faults)} faults",
        not found.faults and not found.never_well,
        ", ".join(map(str, seeds)),
        [
            f"Answers: {answers}.",
            *(f"{name} never went well" for name in found.never_well),
            *(f"{name}: {fault}" for (name, _), fault in found.faults.items()),
        ],
    )
