"""Saved views: filters of the queue that a member has given a name."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qsl
from uuid import UUID

from flask_babel import gettext
from sqlalchemy import Text, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Id, Instant, Ref, Uid, db
from distributor.errors import Conflict, FieldError, InputRefused, NotFound
from distributor.identity.acting import CurrentMember
from distributor.words import fits_on_a_line

PAGE = "review"
LONGEST_NAME = 60
LONGEST_QUERY = 1000
MOST_VIEWS = 12


class SavedView(Base):
    """One named filter of one member; `query` is the address after the question mark."""

    __tablename__ = "saved_views"

    id: Mapped[Id]
    uid: Mapped[Uid]
    member_id: Mapped[Ref]
    page: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Instant]


def parameters(query: str) -> dict[str, str]:
    """An address after its question mark, taken apart."""
    return dict(parse_qsl(query))


def views_of(member: CurrentMember) -> list[SavedView]:
    """The member's own views, in the order they were made."""
    query = select(SavedView).where(SavedView.member_id == member.member_id, SavedView.page == PAGE)
    return list(db.session.scalars(query.order_by(SavedView.id)))


def save(member: CurrentMember, name: str, query: str, at: datetime) -> str:
    """Keep a filter under a name; a view of that name shows this filter from now on. Gives the name as it is kept.

    Raises InputRefused for a name or address that cannot be kept, Conflict when there are too many views.
    """
    name = _checked(name)
    if len(query) > LONGEST_QUERY:
        raise _refused(gettext("This filter is too long to be saved. Shorten the search."), "query")
    count = select(func.count()).where(
        SavedView.member_id == member.member_id, SavedView.page == PAGE, SavedView.name != name
    )
    if db.session.scalar(count) == MOST_VIEWS:
        raise Conflict(gettext("You have %(num)s saved views. Delete one before you save another.", num=MOST_VIEWS))
    values = {"member_id": member.member_id, "page": PAGE, "name": name, "query": query, "created_at": at}
    kept = insert(SavedView).values(values)
    names = (SavedView.member_id, SavedView.page, SavedView.name)
    db.session.execute(kept.on_conflict_do_update(index_elements=names, set_={"query": query}))
    return name


def rename(member: CurrentMember, uid: UUID, name: str) -> str:
    """Give a view another name. Raises NotFound, InputRefused for a name that cannot be or is another view's."""
    own = (SavedView.uid == uid, SavedView.member_id == member.member_id)
    if db.session.scalar(select(SavedView.id).where(*own).with_for_update()) is None:
        raise NotFound(gettext("This view"))
    name = _checked(name)
    try:
        with db.session.begin_nested():
            db.session.execute(update(SavedView).where(*own).values(name=name))
    except IntegrityError as error:
        taken = gettext("You have a view called “%(name)s” already. Choose another name.", name=name)
        raise _refused(taken, "name") from error
    return name


def drop(member: CurrentMember, uid: UUID) -> str:
    """Delete a view and give its name. Raises NotFound."""
    gone = delete(SavedView).where(SavedView.uid == uid, SavedView.member_id == member.member_id)
    name = db.session.scalar(gone.returning(SavedView.name))
    if name is None:
        raise NotFound(gettext("This view"))
    return name


def _checked(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not fits_on_a_line(name):
        raise _refused(gettext("Give the view a name of 1 to %(most)s characters.", most=LONGEST_NAME), "name")
    return name


def _refused(why: str, field: str) -> InputRefused:
    return InputRefused(why, [FieldError(why, field)])
