"""Pages for a distributor's admins: how its mails look, and every mail as an example, in every language there is."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from email.utils import parseaddr
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, get_locale, gettext

from distributor import clock, languages
from distributor.brands import colours, operations, pictures
from distributor.brands.queries import Look, look_of
from distributor.brands.samples import KINDS, Kind, sample
from distributor.config import Settings
from distributor.database import db
from distributor.delivery.rendering import LOGO, Mail, written
from distributor.errors import InputRefused, NotFound
from distributor.headers import CONTENT_SECURITY_POLICY
from distributor.identity.acting import CurrentMember
from distributor.identity.current import require_member, signed_in
from distributor.limits.operations import Limited
from distributor.limits.routes import limited

blueprint = Blueprint("brands", __name__, url_prefix="/brand")

FIRST_KIND = "rejected-msp"
LOGO_SOURCE = f"cid:{LOGO}"
# The page frames a mail of ours; the mail may do nothing but be looked at.
WITH_FRAME = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
OF_A_MAIL = "; ".join(
    (
        "sandbox allow-same-origin", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:",
        "form-action 'none'", "frame-ancestors 'self'", "base-uri 'none'",
    )
)  # fmt: skip


@blueprint.get("")
@signed_in
def show() -> ResponseReturnValue:
    """How the mails look now."""
    return _page(_admin(), {})


@blueprint.post("")
@signed_in
def save() -> ResponseReturnValue:
    """Keep name, colour, footer and reply address."""
    member = _admin()
    try:
        operations.save_brand(member, request.form, clock.now())
    except InputRefused as refused:
        return _refused(member, refused, typed=request.form)
    return _kept(gettext("The brand is saved. The next e-mail carries it."))


@blueprint.post("/logo")
@signed_in
@limited(Limited.IMPORT)
def save_logo() -> ResponseReturnValue:
    """Take a logo."""
    member = _admin()
    sent = request.files.get("logo")
    content = sent.stream.read(pictures.MOST_BYTES + 1) if sent else b""
    try:
        operations.save_logo(member, content, clock.now())
    except InputRefused as refused:
        return _refused(member, refused)
    return _kept(gettext("The logo is saved. The next e-mail carries it."))


@blueprint.post("/logo/remove")
@signed_in
def remove_logo() -> ResponseReturnValue:
    """From now on the name stands where the logo stood."""
    operations.remove_logo(_admin(), clock.now())
    return _kept(gettext("The logo is removed. E-mails show the name instead."))


@blueprint.get("/logo")
@signed_in
def logo() -> Response:
    """The logo, for the page that shows it; mails carry it themselves."""
    look = _look(_admin())
    if look.logo is None:
        raise NotFound(gettext("This logo"))
    return Response(look.logo, content_type=look.logo_type)


@blueprint.get("/contrast")
@signed_in
def contrast() -> str:
    """What a colour looks like and whether white can be read on it, while it is chosen."""
    _admin()
    return render_template("brands/contrast.html", **_judged(request.args.get("colour", "")))


@blueprint.get("/preview")
@signed_in
def preview() -> Response:
    """One kind of mail with both its parts, among all of them."""
    member = _admin()
    kind, language = _kind(), _language()
    mail = _written(member, kind, language)
    page = render_template(
        "brands/preview.html",
        mail=mail,
        kind=kind,
        kinds=KINDS.values(),
        language=language,
        languages=languages.LANGUAGE_NAMES.items(),
        look=_look(member),
        contrast=colours.shown_contrast(_look(member).colour),
        address=_sender_address(),
        mail_server=_settings().mail.server,
    )
    return _framing(page)


@blueprint.get("/preview/mail")
@signed_in
def mail() -> Response:
    """The HTML part alone, as a page of its own that can do nothing; links in it lead nowhere."""
    member = _admin()
    look = _look(member)
    html = _written(member, _kind(), _language(), logo=_logo_in_page(look)).html
    answer = make_response(html.replace("<head>", '<head><base target="_blank">', 1))
    answer.headers["Content-Security-Policy"] = OF_A_MAIL
    return answer


@blueprint.post("/preview/send")
@signed_in
def send() -> ResponseReturnValue:
    """Send this one to oneself."""
    member = _admin()
    kind, language = _kind(), _language()
    with force_locale(language):
        operations.queue_sample(member, _written(member, kind, language), kind.event, clock.now())
    db.session.commit()
    if _settings().mail.server:
        flash(gettext("The test e-mail to %(address)s is on its way.", address=member.email), "success")
    else:
        flash(gettext("The test e-mail waits: no mail server is set."), "warning")
    return redirect(url_for("brands.preview", mail=kind.key, language=language))


def _admin() -> CurrentMember:
    member = require_member()
    operations.check_may_brand(member)
    return member


def _look(member: CurrentMember) -> Look:
    return look_of(member.organization_id) or Look(member.organization_name)


def _written(member: CurrentMember, kind: Kind, language: str, logo: str = LOGO_SOURCE) -> Mail:
    with force_locale(language):
        occasion = sample(kind, member, _look(member), clock.now(), logo)
    return written(occasion, language)


def _kind() -> Kind:
    found = KINDS.get(request.values.get("mail", FIRST_KIND))
    if found is None:
        raise NotFound(gettext("This kind of e-mail"))
    return found


def _language() -> str:
    asked = request.values.get("language", str(get_locale()))
    if asked in languages.LANGUAGES:
        return asked
    if "language" in request.values:
        raise NotFound(gettext("This language"))
    return languages.DEFAULT


def _page(member: CurrentMember, errors: Mapping[str, str], typed: Mapping[str, str] | None = None) -> Response:
    look = _look(member)
    given = typed or {"name": look.name, "colour": look.colour, "footer": look.footer, "reply_to": look.reply_to or ""}
    page = render_template(
        "brands/show.html",
        look=look,
        given=given,
        errors=errors,
        judged=_judged(given.get("colour", "")),
        logo_version=sha256(look.logo).hexdigest()[:12] if look.logo else "",
        address=_sender_address(),
        limits={"kilobytes": pictures.MOST_BYTES // 1000, "width": pictures.WIDEST, "height": pictures.HIGHEST},
    )
    return _framing(page)


def _framing(page: str) -> Response:
    """A page that shows a mail in a frame."""
    answer = make_response(page)
    answer.headers["Content-Security-Policy"] = WITH_FRAME
    return answer


def _judged(given: str) -> dict[str, Any]:
    """A colour as the page shows it; `colour` is None where it is none."""
    colour = colours.tidy(given)
    if colour is None:
        return {"colour": None}
    return {
        "colour": colour,
        "contrast": colours.shown_contrast(colour),
        "readable": colours.is_readable(colour),
        "nearest": colours.nearest_readable(colour),
    }


def _refused(
    member: CurrentMember, refused: InputRefused, typed: Mapping[str, str] | None = None
) -> tuple[Response, HTTPStatus]:
    db.session.rollback()
    errors = {error.field or "": error.reason for error in refused.errors}
    return _page(member, errors, typed), HTTPStatus.UNPROCESSABLE_ENTITY


def _kept(said: str) -> ResponseReturnValue:
    db.session.commit()
    flash(said, "success")
    return redirect(url_for("brands.show"))


def _logo_in_page(look: Look) -> str:
    return f"data:{look.logo_type};base64,{b64encode(look.logo).decode()}" if look.logo else ""


def _sender_address() -> str:
    return parseaddr(_settings().mail.sender)[1]


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings
