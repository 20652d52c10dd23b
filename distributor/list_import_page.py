"""The two steps of importing a list on a page: the file is read and shown for what it would change, then confirmed.

Between the two the file is held for the member who sent it; what is confirmed is what was shown, or it is shown again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from distributor import clock
from distributor.database import db
from distributor.errors import Conflict, InputRefused
from distributor.held_files import hold, take
from distributor.identity.acting import CurrentMember
from distributor.list_files import CSV_TYPE, XLSX_TYPE, GivenList, Layout, read_list
from distributor.list_plans import Plan
from distributor.problems import problem_of
from distributor.provisioning.formats import UnreadableFile
from distributor.provisioning.uploads import file_name
from distributor.saying import said as in_words

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class ListImport:
    """One kind of list: what its files are held for, their layout, how they are planned and carried out (which answers
    the sentence to say), and the endpoints "import", "confirm" and "index" of its blueprint.
    """

    purpose: str
    layout: Layout
    blueprint: str
    plan: Callable[[CurrentMember, GivenList, datetime, bool], Plan]
    carry_out: Callable[[CurrentMember, Plan, datetime], str]

    def page(self, **shown: Any) -> str:
        """The page: the form, what was wrong, what would change."""
        whole = {"plan": None, "error": "", "held": "", "name": "", "most": MOST_SHOWN, **shown}
        return render_template("accounts/list_import.html", kind=self.purpose, blueprint=self.blueprint, **whole)

    def check(self, member: CurrentMember) -> ResponseReturnValue:
        """Read the file that was sent and show what it would change."""
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            return self.page(error=gettext("Choose a file.")), 422
        name = file_name(sent.filename) or "file"
        return self._shown(member, name, sent.read())

    def _shown(self, member: CurrentMember, name: str, content: bytes, error: str = "") -> ResponseReturnValue:
        at = clock.now()
        try:
            plan = self.plan(member, _read(content, name, self.layout), at, False)
        except InputRefused as refused:
            db.session.rollback()
            return self.page(error=in_words(refused), name=name), 422
        held = ""
        if plan.planned and not plan.refused:
            held = str(hold(member, self.purpose, name, content, at))
            db.session.commit()
        status = 409 if error else 422 if plan.refused else 200
        return self.page(plan=plan, held=held, name=name, error=error), status

    def confirm(self, member: CurrentMember) -> ResponseReturnValue:
        """Carry out what was shown."""
        at = clock.now()
        try:
            name, content = take(member, self.purpose, _uid(request.form.get("file", "")), at)
        except Conflict as conflict:
            return self.page(error=in_words(conflict)), problem_of(conflict).status
        plan = self.plan(member, _read(content, name, self.layout), at, True)
        if plan.refused or plan.fingerprint != request.form.get("seen"):
            why = gettext("The data changed since the file was checked. Nothing was imported: look again and confirm.")
            return self._shown(member, name, content, why)
        done = self.carry_out(member, plan, at)
        db.session.commit()
        flash(done, "success")
        return redirect(url_for(f"{self.blueprint}.index"))


def _read(content: bytes, name: str, layout: Layout) -> GivenList:
    try:
        return read_list(content, name, layout)
    except UnreadableFile as error:
        raise InputRefused(in_words(error.message)) from error


def _uid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Conflict(gettext("This file is no longer held. Send it again.")) from error


def download(content: bytes, name: str, kind: str) -> Response:
    """A file to keep; `kind` is "csv" or "xlsx"."""
    answer = Response(content, mimetype=CSV_TYPE if kind == "csv" else XLSX_TYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer
