"""How much is measured: by default, in a hurry, at large, and for the test that only proves that it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """`accounts` open and are submitted in batches; reports of `pile_accounts` pile up over `PILE_CYCLES` cycles."""

    rounds: int = 3
    accounts: int = 2_000
    lines: int = 20
    pile_accounts: int = 1_000
    page_lines: int = 500
    long_lines: int = 5_000
    page_requests: int = 200
    file_rows: int = 100_000


DEFAULT = Sizes()
QUICK = Sizes(rounds=1, accounts=1_000, pile_accounts=200, page_requests=60)
LARGE = Sizes(accounts=100_000, pile_accounts=5_000)
TINY = Sizes(
    rounds=1, accounts=4, lines=4, pile_accounts=12, page_lines=10, long_lines=30, page_requests=4, file_rows=60
)
