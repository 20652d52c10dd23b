"""A proof's figure: what was asked, what was reached, and how to see it again."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One row of docs/security/proof.md. `kept`: the promise held and the size asked for was reached."""

    what: str
    asked: str
    reached: str
    kept: bool
    seeds: str = "–"
    details: list[str] = field(default_factory=list)
