"""Kestrel in the middle of three tiers, a day after the reports opened."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.distributor.roll_ups.tiers import AT, Tiers


@pytest.fixture
def tiers(app: Flask) -> Tiers:
    app.config["CLOCK"] = lambda: AT
    made = Tiers()
    made.sell("MAIL")
    made.sell("DISK", precision=1, unit="GB")
    return made
