"""The keys of the advisory locks, in one place, so that no two of them are the same."""

from __future__ import annotations

# One migration at a time, whoever starts it.
MIGRATION = 7_306_021_001
# Held by the scheduler that leads.
LEADER = 7_306_021_002
# One "first distributor" at a time, whoever asks.
INIT = 7_306_021_003
# One fill with demo data at a time: the second one then finds the database full.
DEMO = 7_306_021_004
