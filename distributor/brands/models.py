"""A distributor's own looks."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from distributor.database import Base, Instant


class Brand(Base):
    """What a distributor's mails carry; `colour` as "#2456d3", `logo` as the bytes of a PNG or JPEG."""

    __tablename__ = "brands"

    distributor_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("organizations.id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    colour: Mapped[str] = mapped_column(Text)
    logo: Mapped[bytes | None] = mapped_column(LargeBinary)
    logo_type: Mapped[str | None] = mapped_column(Text)
    footer: Mapped[str] = mapped_column(Text, default="")
    reply_to: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[Instant]
