"""What each part proved last, kept in var/proof so that the document can be put together without proving all again."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.proof.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "var" / "proof"


@dataclass(frozen=True)
class Proved:
    """A figure, the commit it holds for, the day, and the seconds it took."""

    figure: Figure
    commit: str
    on: str
    seconds: int


def keep(part: str, figure: Figure, seconds: float) -> None:
    """Remember a part's figure, instead of the one before."""
    proved = Proved(figure, commit(), f"{datetime.now(UTC):%d %B %Y}", round(seconds))
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{part}.json").write_text(json.dumps(asdict(proved), indent=2, ensure_ascii=False), "utf-8")


def last(part: str) -> Proved | None:
    """What the part proved last; None where it has not been run here."""
    file = KEPT / f"{part}.json"
    if not file.exists():
        return None
    found = json.loads(file.read_text("utf-8"))
    return Proved(**{**found, "figure": Figure(**found["figure"])})


def commit() -> str:
    """The checkout's commit, and whether it has changes; a word for a tree without history."""
    head = _git("rev-parse", "--short", "HEAD")
    changed = head and _git("status", "--porcelain", "--untracked-files=no")
    return f"{head} with changes" if changed else head or "no commit"


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()
