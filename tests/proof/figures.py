"""A proof's figure: what was asked, what was reached, and how to see it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

# Is told how far a proof has got, a line at a time.
Told = Callable[[str], None]


@dataclass(frozen=True)
class Figure:
    """One row of docs/security/proof.md. `kept`: the promise held and the size asked for was reached."""

    what: str
    asked: str
    reached: str
    kept: bool
    seeds: str = "–"
    details: list[str] = field(default_factory=list)
