"""The tenant prober in its long form: several generated markets of three tiers, each partner the victim in its turn."""

from __future__ import annotations

from collections.abc import Sequence

from tests.proof.figures import Figure, Told
from tests.proof.ground import Ground, service
from tests.proof.market import Market
from tests.proof.prober import Findings, probe
from tests.proof.sharing import each_seed

LEAST = 20_000
SEEDS = tuple(range(20261101, 20261104))
# Of a market of three tiers; each has its turn in one whose words come from a seed further on.
PARTNERS, FURTHER = 6, 1_000_000


def market_of(on: Ground, seed: int) -> Findings:
    """What is found in the market of one seed."""
    findings = Findings()
    with service(on) as app:
        for turn in range(PARTNERS):
            # Anew each time: strangers who tried everything have ended their own sign-ins and tokens as well.
            market = Market(app, seed + turn * FURTHER, tiers=True)
            probe(market, market.partners[turn], findings)
    return findings


def prove(on: Ground, told: Told, seeds: Sequence[int] = SEEDS) -> Figure:
    """Every route of every market; a market that broke is told of, and the promise is not kept."""
    findings = Findings()
    for seed, found in each_seed(market_of, on, seeds):
        if isinstance(found, Findings):
            findings.add(found)
        else:
            findings.leaks.append(f"Seed {seed}: {found!r}")
        told(f"seed {seed}: {findings.total:,} probes so far, {len(findings.leaks)} leaks")
    kinds = ", ".join(f"{kind} {count:,}" for kind, count in sorted(findings.probes.items()))
    return Figure(
        "Tenants: every route, method and stranger",
        f"at least {LEAST:,} probes, 0 leaks",
        f"{findings.total:,} probes of {findings.victims} partners, {len(findings.leaks)} leaks",
        findings.total >= LEAST and not findings.leaks,
        ", ".join(map(str, seeds)),
        [f"Probes: {kinds}.", *findings.leaks],
    )
