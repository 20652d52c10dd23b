"""One mail of every kind, written at the moment its occasion happens."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select, update

from distributor.accounts.models import Account
from distributor.catalogue.models import Customer, Product
from distributor.database import db
from distributor.delivery.models import Notification
from distributor.delivery.operations import tell_to_set_password
from distributor.delivery.rendering import Mail, rendered
from distributor.identity.acting import CurrentMember, acting, system
from distributor.usage_reports.escalating import escalate
from distributor.usage_reports.operations import automatic, drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import REPORT, ReportRow
from tests.factories import CYCLE, OPENED_AT, Story, customer, member, product, usage
from workflows.usage_report import Role, Side

AT = OPENED_AT + timedelta(days=1)
Kind = tuple[str, str]
UsageLine = tuple[Customer | None, Product, str, str | None]


class Gallery:
    """Runs reports through their lives and keeps the mails, by event and side."""

    def __init__(self) -> None:
        self.mails: dict[Kind, Mail] = {}
        self.seen: set[int] = set()

    def collect(self) -> None:
        """Write the mails that were queued since the last call."""
        for row in db.session.execute(select(Notification.__table__).order_by(Notification.id)):
            if row.id not in self.seen:
                self.seen.add(row.id)
                self.mails.setdefault((row.event, row.side), rendered(row))

    def life_by_hand(self, story: Story) -> None:
        """Opened, reminded, unopened, submitted, recalled, rejected, endorsed, approved, reopened by either side."""
        report = open_story(story)
        self.collect()
        automatic.remind(report.due_at - timedelta(days=3))
        member(story.msp, Role.ADMIN)
        for left in (2, 1):
            escalate(report.due_at - timedelta(days=left))
        self.collect()
        report = self._explained(story, report)
        report = self._step(story, steps.submit, report, story.preparer)
        report = self._step(story, steps.recall, report, story.preparer)
        report = self._step(story, steps.submit, report, story.preparer)
        flagged = story.lines(report)[:2]
        note = "Third month with the same reason. Send the order, or release the seats."
        notes = {line.uid: note for line in flagged}
        reason = "Two lines do not match the provisioning history.\nThe other explanations are accepted."
        report = self._step(story, steps.reject, report, story.reviewer, reason=reason, notes=notes)
        report = self._answered(story, report)
        report = self._step(story, steps.submit, report, story.preparer)
        report = self._step(story, steps.endorse, report, story.reviewer)
        second = member(story.distributor, Role.REVIEWER)
        report = self._step(story, steps.approve, report, second)
        report = self._step(story, steps.reopen, report, story.preparer, reason="One customer left in September.")
        report = self._step(story, steps.submit, report, story.preparer)
        report = self._step(story, steps.endorse, report, story.reviewer)
        report = self._step(story, steps.approve, report, second)
        self._step(story, steps.reopen, report, story.reviewer, reason="The price list of October was wrong.")

    def life_on_its_own(self, story: Story) -> None:
        """Submitted automatically with a penalty that is waived, and the next cycle approved by policy."""
        report = open_story(story)
        automatic.submit_automatically([report], system(), report.due_at)
        self.collect()
        report = story.report(report)
        penalised = next(line for line in story.lines(report) if line.penalised)
        steps.waive(report, penalised.uid, acting(story.reviewer, report), report.due_at, reason="A test customer.")
        self.collect()

    def approved_by_policy(self, story: Story) -> None:
        """A clean report after an approved one."""
        for cycle, at in ((CYCLE, OPENED_AT), (CYCLE.next(), OPENED_AT + timedelta(days=31))):
            report = story.open(("40", None), cycle=cycle, at=at)
            steps.submit(report, acting(story.preparer, report), at)
            report = story.report(report)
            if cycle == CYCLE:
                steps.approve(report, acting(story.reviewer, report), at)
        policy = update(Account).where(Account.id == story.account.id).values(auto_approve_max_change_percent=10)
        db.session.execute(policy)
        automatic.approve_by_policy([report.id], OPENED_AT + timedelta(days=32), system())
        self.collect()

    def invited(self, story: Story) -> None:
        tell_to_set_password(story.preparer.user_id, story.msp.id, Side.MSP, AT, invited_by=story.distributor.id)
        self.collect()

    def _step(self, story: Story, step: Any, report: ReportRow, who: CurrentMember, **more: Any) -> ReportRow:
        step(report, acting(who, report), AT, **more)
        self.collect()
        return story.report(report)

    def _explained(self, story: Story, report: ReportRow) -> ReportRow:
        lines = [line for line in story.lines(report) if line.unexplained]
        given = [LineDraft(line.uid, line.version, comment="A trial that ended on 3 October") for line in lines]
        drafts.save_lines(report, given, acting(story.preparer, report), AT)
        return story.report(report)

    def _answered(self, story: Story, report: ReportRow) -> ReportRow:
        lines = [line for line in story.lines(report) if line.reviewer_note]
        given = [LineDraft(line.uid, line.version, line.provisioned_units) for line in lines]
        drafts.save_lines(report, given, acting(story.preparer, report), AT)
        return story.report(report)


def open_story(story: Story, at: datetime = OPENED_AT) -> ReportRow:
    """The report of MER-1042: discrepancies at customers with names, among lines that agree."""
    names = (
        ("Shannon Freight Group", "Worry-Free Services Advanced", "400", "300", "2.85"),
        ("Curragh Motors", "Microsoft 365 Business Premium", "64", "58", "18.70"),
        ("Brú Dental <Clinic> & Co", "Cyber Protect Cloud", "25", "22", "4.10"),
        ("Liffey Legal", "Worry-Free Services Advanced", "40", None, "2.85"),
    )
    rows: list[UsageLine] = [
        (customer(story.account, who), product(story.distributor, price=price, name=what), provisioned, used)
        for who, what, provisioned, used, price in names
    ]
    usage(story.account, rows, at=at)
    return story.open_cycle(CYCLE, at)


def written_mails() -> dict[Kind, Mail]:
    """A mail of every event and side."""
    gallery = Gallery()
    gallery.life_by_hand(
        Story(number="MER-1042", time_zone="Europe/Dublin", approval_limit=Decimal(100), corrections_allowed=True)
    )
    gallery.life_on_its_own(Story(time_zone="Europe/Dublin"))
    gallery.approved_by_policy(Story())
    unpriced = Story()
    usage(unpriced.account, [(customer(unpriced.account), product(unpriced.distributor, price=None), "5", None)])
    unpriced.open_cycle()
    gallery.invited(unpriced)
    assert db.session.scalar(select(REPORT.c.id).limit(1))
    return gallery.mails
