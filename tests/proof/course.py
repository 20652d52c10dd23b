"""One call of every operation that goes well, in the order in which a cycle makes them: the answers that chance hardly
ever gets to see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from schemathesis import APIOperation, Case, Response
from sqlalchemy import Select, select

from distributor.database import db
from distributor.identity.acting import system
from distributor.usage_reports.models import UsageReport, UsageReportLine
from distributor.usage_reports.operations import automatic
from tests.proof.market import AT, Company, Market

Operation = APIOperation[Any, Any, Any, Any]
AnyCase = Case[Any]
Ask = Callable[[AnyCase, Company], Response]
JSON = "application/json"


@dataclass
class Course:
    """Makes the calls. `ask` sends one and judges the answer."""

    operations: Mapping[str, Operation]
    market: Market
    ask: Ask

    def run(self) -> None:
        """Every operation once at least, for the market's first partner and its distributor."""
        self.msp, self.ids = self.market.partners[0], self.market.partners[0].ids
        assert self.msp.upstream is not None
        self.distributor = self.msp.upstream
        self._catalogue_and_account()
        self._prepare()
        self._review()
        self._close()
        for name in ("listReports", "listAccounts", "whoAmI"):
            self._say(name, self.msp)

    def _catalogue_and_account(self) -> None:
        account = {"number": "NEW-1", "region": "Europe", "type": "MSP", "msp": {"name": "A new partner"}}
        self._say("createAccount", self.distributor, account)
        self._say("updateAccount", self.distributor, {"po_number": "PO-2"}, uid=self.ids["account"])
        self._say("getAccount", self.msp, uid=self.ids["account"])
        (fed, *_) = self._say("listProducts", self.distributor).json()["items"]
        lines = [{"sku": fed["sku"], "provisioned_units": "3"}]
        where = {"uid": self.ids["account"], "cycle": "2026-11"}
        self._say("putUsage", self.distributor, {"lines": lines}, **where)

    def _prepare(self) -> None:
        product = {"name": "Counted by hand", "usage_source": "manual", "currency": "EUR", "price": "2.5"}
        self._say("putProduct", self.distributor, product, sku="HAND-1")
        report, line = self.ids["preparing"], self.ids["preparing line"]
        self._say("getReport", self.msp, uid=report)
        self._say("saveLines", self.msp, [{"id": str(line), "comment": "A trial"}], uid=report)
        added = self._say("addLine", self.msp, {"sku": "HAND-1", "chargeable_units": "3"}, uid=report)
        self._say("removeLine", self.msp, uid=report, line=UUID(added.json()["id"]))
        self._say("applyUsage", self.msp, {}, uid=report)
        plan = self._say("previewRollUp", self.msp, uid=report).json()["plan"]
        self._say("rollUp", self.msp, {"plan": plan}, uid=report)
        self._say("submitReport", self.msp, {"nil": False}, uid=report)
        self._say("recallReport", self.msp, {}, uid=report)

    def _review(self) -> None:
        report = self.ids["review"]
        account = UUID(self._say("getReport", self.distributor, uid=report).json()["account"]["id"])
        self._say("updateAccount", self.distributor, {"terms": {"approval_limit": "1"}}, uid=account)
        self._say("endorseReport", self.distributor, {}, uid=report)
        self._say("updateAccount", self.distributor, {"terms": {"approval_limit": None}}, uid=account)
        self._say("approveReport", self.distributor, {}, uid=report)
        self._say("reopenReport", self.distributor, {"reason": "A line is wrong"}, uid=report)
        self._submit_when_due(report)
        line = self._penalised(report)
        self._say("waivePenalty", self.distributor, {"reason": "As agreed"}, uid=report, line=line)
        notes = [{"id": str(line), "note": "Why so few?"}]
        self._say("rejectReport", self.distributor, {"reason": "See the notes", "lines": notes}, uid=report)

    def _submit_when_due(self, report: UUID) -> None:
        lines = select(UsageReportLine.uid).join(UsageReport, UsageReport.id == UsageReportLine.report_id)
        silent = [
            {"id": str(uid), "comment": None} for uid in db.session.scalars(lines.where(UsageReport.uid == report))
        ]
        self._say("saveLines", self.msp, silent, uid=report)
        identity = db.session.scalars(select(UsageReport.id).filter_by(uid=report)).one()
        automatic.submit_due([identity], AT + timedelta(days=30), system())
        db.session.commit()

    def _penalised(self, report: UUID) -> UUID:
        return db.session.scalars(_lines(report).where(UsageReportLine.penalised)).one()

    def _close(self) -> None:
        self._say("invoiceReport", self.distributor, {"reason": None}, uid=self.ids["approved"])
        self._say("getReportHistory", self.msp, uid=self.ids["approved"])
        self._say("submitReport", self.msp, {}, uid=self.ids["preparing"])
        wanted = [{"id": str(self.ids["preparing"]), "version": self._version(self.ids["preparing"])}]
        self._say("approveReports", self.distributor, wanted)

    def _say(self, name: str, who: Company, body: Any = None, **path: Any) -> Response:
        """Send it, with the version that stands now. Raises AssertionError where it does not go well."""
        operation = self.operations[name]
        headers = {}
        if any(header.name == "If-Match" for header in operation.headers):
            headers["If-Match"] = f'"{self._version(path["uid"])}"'
        given = {"body": body, "media_type": JSON} if body is not None else {}
        case = operation.Case(
            path_parameters={key: str(value) for key, value in path.items()}, headers=headers, **given
        )
        answer = self.ask(case, who)
        assert answer.status_code < 300, f"{name}: {answer.status_code} {answer.text}"
        return answer

    def _version(self, report: UUID) -> int:
        db.session.rollback()
        return db.session.scalars(select(UsageReport.version).filter_by(uid=report)).one()


def _lines(report: UUID) -> Select[UUID]:
    """The uids of a report's lines."""
    query = select(UsageReportLine.uid).join(UsageReport, UsageReport.id == UsageReportLine.report_id)
    return query.where(UsageReport.uid == report)


def by_name(operations: Sequence[Operation]) -> dict[str, Operation]:
    """Operations by the names that the document gives them."""
    return {operation.definition.raw["operationId"]: operation for operation in operations}
