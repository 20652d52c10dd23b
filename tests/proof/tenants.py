"""The tenant prober in its long form: several generated markets, every partner in turn the victim."""

from __future__ import annotations

from collections.abc import Sequence

from tests.proof.figures import Figure
from tests.proof.ground import Ground, service
from tests.proof.market import Market
from tests.proof.prober import Findings, probe

LEAST = 20_000
SEEDS = (20261101, 20261102, 20261103)


def prove(on: Ground, seeds: Sequence[int] = SEEDS) -> Figure:
    """Probes until every partner of every market has been the victim."""
    findings, victims = Findings(), 0
    for seed in seeds:
        with service(on) as app:
            market = Market(app, seed)
            for victim in market.partners:
                probe(market, victim, findings)
                victims += 1
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in findings.probes.items())
    return Figure(
        "Tenants: every route, method and stranger",
        f"at least {LEAST:,} probes, 0 leaks",
        f"{findings.total:,} probes of {victims} partners, {len(findings.leaks)} leaks",
        findings.total >= LEAST and not findings.leaks,
        ", ".join(map(str, seeds)),
        [f"Probes: {kinds}.", *findings.leaks],
    )
