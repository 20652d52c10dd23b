"""What a distributor's admin sets about its mails. Raises NotFound for other companies, Forbidden for other roles."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from flask_babel import gettext
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from distributor.audit.changes import changed
from distributor.audit.operations import record
from distributor.brands import colours, pictures
from distributor.brands.models import Brand
from distributor.brands.queries import PLAIN_COLOUR, look_of
from distributor.database import db
from distributor.delivery.mailer import mailable
from distributor.delivery.models import Notification
from distributor.delivery.rendering import TEST, Mail
from distributor.errors import FieldError, Forbidden, InputRefused, NotFound
from distributor.formatting import units
from distributor.identity.acting import CurrentMember
from distributor.words import fits_on_a_line, is_disguised, is_storable
from workflows.units import BLANKS
from workflows.usage_report import Role, Side

LONGEST_NAME, LONGEST_FOOTER, LONGEST_ADDRESS = 100, 1000, 254

_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[\w-]+(\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class GivenBrand:
    """What the form says; `colour` in its one spelling."""

    name: str
    colour: str
    footer: str
    reply_to: str | None


def check_may_brand(member: CurrentMember) -> None:
    """Only a distributor's admin speaks in its name. Raises NotFound, Forbidden."""
    if not member.is_distributor:
        raise NotFound
    if Role.ADMIN not in member.roles:
        raise Forbidden(gettext("Only an admin changes how the e-mails look."))


def save_brand(member: CurrentMember, form: Mapping[str, str], at: datetime) -> GivenBrand:
    """Keep name, colour, footer and reply address; a logo stays. Raises InputRefused with every place that is wrong."""
    check_may_brand(member)
    given = read_brand(form)
    values = {"name": given.name, "colour": given.colour, "footer": given.footer, "reply_to": given.reply_to}
    before = look_of(member.organization_id)
    kept = insert(Brand).values(distributor_id=member.organization_id, updated_at=at, **values)
    db.session.execute(kept.on_conflict_do_update(index_elements=["distributor_id"], set_={**values, "updated_at": at}))
    if changes := changed({name: getattr(before, name, None) for name in values}, values):
        _note("brand.changed", member, at, changes=changes)
    return given


def save_logo(member: CurrentMember, content: bytes, at: datetime) -> None:
    """Keep a logo, cleaned; name and colour are made as they show now where there is no brand. Raises InputRefused."""
    check_may_brand(member)
    picture = _picture(content)
    look = look_of(member.organization_id)
    values = {"logo": picture.content, "logo_type": picture.type, "updated_at": at}
    plain = {"name": look.name if look else member.organization_name, "colour": look.colour if look else PLAIN_COLOUR}
    kept = insert(Brand).values(distributor_id=member.organization_id, **plain, **values)
    db.session.execute(kept.on_conflict_do_update(index_elements=["distributor_id"], set_=values))
    _note("brand.logo_changed", member, at, sha256=sha256(picture.content).hexdigest())


def remove_logo(member: CurrentMember, at: datetime) -> None:
    """From now on mails show the name; doing it twice is fine."""
    check_may_brand(member)
    gone = update(Brand).where(Brand.distributor_id == member.organization_id)
    had = gone.where(Brand.logo.is_not(None)).values(logo=None, logo_type=None, updated_at=at)
    if db.session.execute(had.returning(Brand.distributor_id)).all():
        _note("brand.logo_removed", member, at)


def _note(what: str, member: CurrentMember, at: datetime, **details: Any) -> None:
    record(what, by=member, at=at, organization_id=member.organization_id, details=details)


def queue_sample(member: CurrentMember, mail: Mail, event: str, at: datetime) -> None:
    """Queue a sample for the member alone, with its words as the preview showed them."""
    check_may_brand(member)
    subject = gettext("Test: %(subject)s", subject=mail.subject)
    queued = insert(Notification).on_conflict_do_nothing()
    db.session.execute(
        queued.values(
            event=TEST,
            occasion=f"{TEST}:{member.member_uid}:{at.isoformat()}",
            recipient=member.email,
            user_id=member.user_id,
            side=str(Side.DISTRIBUTOR),
            details={"organization_id": member.organization_id, "of": event},
            subject=subject,
            body_text=mail.text,
            body_html=mail.html,
            next_attempt_at=at,
            created_at=at,
        )
    )


def read_brand(form: Mapping[str, str]) -> GivenBrand:
    """The form, checked. Raises InputRefused."""
    name, footer = form.get("name", "").strip(BLANKS), form.get("footer", "").replace("\r\n", "\n").strip(BLANKS)
    address, colour = form.get("reply_to", "").strip(BLANKS), colours.tidy(form.get("colour", ""))
    errors = [*_wrong_name(name), *_wrong_colour(colour), *_wrong_footer(footer), *_wrong_address(address)]
    if errors or colour is None:
        raise InputRefused(gettext("Nothing was saved."), errors)
    return GivenBrand(name, colour, footer, address or None)


def _wrong_name(name: str) -> list[FieldError]:
    if not name or len(name) > LONGEST_NAME or not fits_on_a_line(name):
        why = gettext("Give a name of 1 to %(most)s characters on one line.", most=LONGEST_NAME)
        return [FieldError(why, "name")]
    if is_disguised(name):
        why = gettext("Write each word of the name in the letters of one alphabet, without invisible signs.")
        return [FieldError(why, "name")]
    return []


def _wrong_colour(colour: str | None) -> list[FieldError]:
    if colour is None:
        return [
            FieldError(gettext("A colour is written with # and six digits from 0 to f, such as #2456d3."), "colour")
        ]
    if colours.is_readable(colour):
        return []
    why = gettext(
        "White text on %(colour)s has a contrast of %(contrast)s; it takes 4.5 to be read by everybody. "
        "The nearest colour that can be read is %(nearest)s.",
        colour=colour,
        contrast=units(colours.shown_contrast(colour)),
        nearest=colours.nearest_readable(colour),
    )
    return [FieldError(why, "colour")]


def _wrong_footer(footer: str) -> list[FieldError]:
    if len(footer) <= LONGEST_FOOTER and is_storable(footer):
        return []
    why = gettext("The footer has at most %(most)s characters, without control characters.", most=LONGEST_FOOTER)
    return [FieldError(why, "footer")]


def _wrong_address(address: str) -> list[FieldError]:
    if not address or (len(address) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(address) and _is_mailable(address)):
        return []
    why = gettext("Give one e-mail address, such as usage@company.example, or leave it empty.")
    return [FieldError(why, "reply_to")]


def _is_mailable(address: str) -> bool:
    try:
        mailable(address)
    except ValueError:
        return False
    return True


def _picture(content: bytes) -> pictures.Picture:
    try:
        return pictures.read_picture(content)
    except pictures.PictureRefused as error:
        why = gettext(
            "A logo is a PNG or JPEG of at most 200 kB and %(width)s × %(height)s pixels; this file is %(found)s.",
            width=pictures.WIDEST,
            height=pictures.HIGHEST,
            found=str(error) if content else gettext("empty"),
        )
        raise InputRefused(why, [FieldError(why, "logo")]) from None
