"""Generated companies for the tenant prober: distributors with partners, everything in them named by canaries.

A word's owner is the name of a company, or one of its two shop windows: "d0 open", its own name and people, which its
partners and its distributor read; "d0 sold", its catalogue, which its partners read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select, text

from distributor.calendars.operations import make_link
from distributor.database import db
from distributor.delegation import operations as delegation
from distributor.delegation.operations import Absence
from distributor.delivery.models import Notification
from distributor.held_files import hold
from distributor.identity import sessions, tokens
from distributor.identity.acting import CurrentMember, acting
from distributor.identity.factor_models import Passkey
from distributor.identity.models import ApiToken, Organization, WebSession
from distributor.identity.scopes import possible_scopes
from distributor.people.operations import invitations
from distributor.people.operations.invitations import Invited
from distributor.usage_reports import saved_views
from distributor.usage_reports.operations import drafts, steps
from distributor.usage_reports.operations.drafts import LineDraft
from distributor.usage_reports.queries import ReportRow
from tests.factories import OPENED_AT, Story, account, customer, member, organization, product, usage
from tests.proof.canaries import Canaries
from workflows.usage_report import Role

AT = OPENED_AT + timedelta(days=1)
DRAFT = text("""
    INSERT INTO review_drafts (report_id, account_id, distributor_id, msp_id, user_id, reason, updated_at)
    SELECT id, account_id, distributor_id, msp_id, :user, :reason, now() FROM usage_reports WHERE id = :report""")


@dataclass
class Person:
    """A member with a living and a revoked sign-in and token."""

    member: CurrentMember
    cookie: str
    token: str
    old_cookie: str
    old_token: str


@dataclass
class Company:
    """A distributor or one of its partners; `knows` are the owners of words that it may read."""

    name: str
    organization: Organization
    manager: Person
    viewer: Person
    knows: frozenset[str]
    ids: dict[str, UUID] = field(default_factory=dict)
    account_ids: list[int] = field(default_factory=list)
    upstream: Company | None = None


class Market:
    """Companies made from a seed: `distributors` with `partners` each. With `tiers` the last partner of each is itself
    the distributor of one more.
    """

    def __init__(self, app: Flask, seed: int, distributors: int = 2, partners: int = 2, *, tiers: bool = False) -> None:
        self.app, self.canaries = app, Canaries(seed)
        self.among = "/"  # probe addresses that begin so
        self.every = 1  # of how many requests each stranger makes one
        self.versions: tuple[int, ...] = (2,)  # of reports in the requests
        app.config["CLOCK"] = lambda: AT
        self.distributors: list[Company] = []
        self.partners: list[Company] = []
        for number in range(distributors):
            self._found(f"d{number}", partners, tiers=tiers)
        db.session.commit()

    def _found(self, name: str, partners: int, *, tiers: bool) -> None:
        """A distributor and its partners."""
        names = [f"{name}p{number}" for number in range(partners)]
        upstream = self._company(name, *_windows(name), *names, *(f"{each} open" for each in names), sells=True)
        self.distributors.append(upstream)
        for each in names:
            if tiers and each == names[-1]:
                middle = self._partner(each, upstream, *_windows(each), f"{each}p0", f"{each}p0 open", sells=True)
                self._people(self._partner(f"{each}p0", middle))
            else:
                self._partner(each, upstream)
        self._belongings(upstream)
        for company in (upstream, *(one for one in self.partners if one.upstream is upstream)):
            self._people(company)

    def _partner(self, name: str, upstream: Company, *knows: str, sells: bool = False) -> Company:
        company = self._company(name, *knows, *_windows(upstream.name), sells=sells, reports=True)
        company.upstream = upstream
        self.partners.append(company)
        self._trade(company, upstream)
        return company

    def _company(self, name: str, *knows: str, sells: bool, reports: bool = False) -> Company:
        of = organization(self.canaries.word(f"{name} open"), is_distributor=sells)
        roles = [Role.ADMIN, *([Role.REVIEWER] if sells else []), *([Role.PREPARER] if reports else [])]
        manager, viewer = self._person(name, of, *roles), self._person(name, of, Role.VIEWER)
        return Company(name, of, manager, viewer, frozenset({name, f"{name} open", *knows}))

    def _person(self, name: str, of: Organization, *roles: Role) -> Person:
        email = f"{self.canaries.word(f'{name} open')}@example.com"
        who = member(of, *roles, email=email)
        cookie, old_cookie = (sessions.start(who.user_id, who.member_id, AT) for _ in range(2))
        token, old_token = (self._token(name, who) for _ in range(2))
        db.session.execute(text("UPDATE web_sessions SET revoked_at = :at WHERE token_hash = :hash"),
                           {"at": AT, "hash": sessions.digest(old_cookie)})  # fmt: skip
        db.session.execute(text("UPDATE api_tokens SET revoked_at = :at WHERE token_hash = :hash"),
                           {"at": AT, "hash": sessions.digest(old_token)})  # fmt: skip
        return Person(who, cookie, token, old_cookie, old_token)

    def _token(self, name: str, who: CurrentMember) -> str:
        scopes = possible_scopes(who.roles, is_distributor=who.is_distributor)
        return tokens.create_token(who, self.canaries.word(name), scopes, None, AT)[0]

    def _trade(self, company: Company, upstream: Company) -> None:
        """Reports of the partner in every status, with words in everything that can be written."""
        reports = {
            status: self._report(company, upstream) for status in ("preparing", "review", "approved", "rejected")
        }
        story = self._story(company, upstream)
        for status in ("review", "approved", "rejected"):
            report = story.report(reports[status])
            steps.submit(report, acting(story.preparer, report), AT)
        reviewing = acting(story.reviewer, report)
        steps.approve(story.report(reports["approved"]), reviewing, AT)
        note = {story.lines(reports["rejected"])[0].uid: self.canaries.word(company.name)}
        steps.reject(story.report(reports["rejected"]), reviewing, AT,
                     reason=self.canaries.word(company.name), notes=note)  # fmt: skip
        draft = {"user": upstream.manager.member.user_id, "reason": self.canaries.word(upstream.name)}
        db.session.execute(DRAFT, {**draft, "report": reports["review"].id})
        for status, report in reports.items():
            company.ids[status] = report.uid
            company.ids[f"{status} line"] = story.lines(report)[0].uid
        self._belongings(company)

    def _story(self, company: Company, upstream: Company) -> Story:
        """The factory's helper on these two companies."""
        story = Story.__new__(Story)
        story.distributor, story.msp = upstream.organization, company.organization
        story.preparer, story.reviewer = company.manager.member, upstream.manager.member
        story.admin = upstream.manager.member
        return story

    def _report(self, company: Company, upstream: Company) -> ReportRow:
        story = self._story(company, upstream)
        word = self.canaries.word
        story.account = account(
            upstream.organization, company.organization, number=word(company.name), po_number=word(company.name),
        )  # fmt: skip
        company.account_ids.append(story.account.id)
        company.ids["account"] = story.account.uid
        sold = product(upstream.organization, word(f"{upstream.name} sold"))
        upstream.ids["product"] = sold.uid
        rows = [(customer(story.account, word(company.name)), sold, "400", used) for used in ("290", None)]
        usage(story.account, rows)
        report = story.open_cycle()
        first = story.lines(report)[0]
        drafts.save_lines(
            report, [LineDraft(first.uid, comment=word(company.name))], acting(story.preparer, report), AT
        )
        return story.report(report)

    def _belongings(self, company: Company) -> None:
        """What hangs on a company's manager: views, files held, a calendar, a token, a sign-in, a mail."""
        who = company.manager.member
        company.ids["held"] = hold(who, "accounts", f"{self.canaries.word(company.name)}.csv", b"number\nX-1\n", AT)
        saved_views.save(who, self.canaries.word(company.name), "q=a", AT)
        make_link(who, AT)
        company.ids["view"] = db.session.scalars(
            select(saved_views.SavedView.uid).filter_by(member_id=who.member_id)
        ).one()
        company.ids["token"] = (
            db.session.scalars(select(ApiToken.uid).filter_by(member_id=who.member_id, revoked_at=None)).first()
            or uuid4()
        )
        company.ids["sign_in"] = (
            db.session.scalars(select(WebSession.uid).filter_by(member_id=who.member_id, revoked_at=None)).first()
            or uuid4()
        )
        company.ids["member"] = who.member_uid
        company.ids["organization"] = who.organization_uid
        mail = select(Notification.uid).filter_by(user_id=who.user_id).limit(1)
        company.ids["mail"] = db.session.scalars(mail).first() or uuid4()

    def _people(self, company: Company) -> None:
        """Who is asked in, who acts for whom, and what the manager proves itself with."""
        who = company.manager.member
        asked = Invited(f"Person {who.user_id}", f"{self.canaries.word(company.name)}@example.com", ("viewer",))
        company.ids["invitation"] = invitations.invite(who, asked, AT).uid
        away = Absence(
            who.member_uid, company.viewer.member.member_uid, *(AT.date() + timedelta(days=days) for days in (40, 50))
        )
        company.ids["substitute"] = delegation.name_substitute(who, away, AT).uid
        passkey = Passkey(
            user_id=who.user_id, credential_id=who.member_uid.bytes, public_key=b"key", sign_count=0,
            name=self.canaries.word(company.name), created_at=AT,
        )  # fmt: skip
        db.session.add(passkey)
        db.session.flush()
        company.ids["passkey"] = passkey.uid

    def strangers_to(self, victim: Company) -> dict[str, Company]:
        """Who must not know the partner: another account's MSP, another distributor, and that one's partner; of three
        tiers also the highest and the lowest each other, and the lowest what those in the middle report.
        """
        above = victim.upstream
        top = above.upstream if above is not None and above.upstream is not None else above
        others = [one for one in self.partners if one.upstream is top and one is not victim and one is not above]
        far = next(one for one in self.distributors if one is not top)
        strangers = {
            "other account": others[0],
            "other distributor": far,
            "other distributor's partner": next(one for one in self.partners if one.upstream is far),
        }
        if top is not None and top is not above:
            strangers["distributor above its own"] = top
        for below in self.partners:
            if below.upstream is victim:
                strangers["partner below"] = below
        return strangers


def _windows(name: str) -> tuple[str, str]:
    return f"{name} open", f"{name} sold"
