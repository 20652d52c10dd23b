"""Answers of a provider that were meant for somebody else: nobody comes in, and the organization hears of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from distributor.limits.rates import rates
from tests.distributor.single_sign_on.conftest import Walk, reasons
from tests.factories import Story, member
from tests.faults.ground import nothing_changed
from tests.faults.refused import read_by
from tests.oidc_provider import Provider
from workflows.usage_report import Role


@pytest.mark.parametrize("wrong", ["iss", "nonce", "aud"])
def test_a_wrong_issuer_nonce_or_audience_changes_nothing_and_admins_read_of_it(
    app: Flask, walk: Walk, provider: Provider, story: Story, wrong: str
) -> None:
    admin, provider.claims = member(story.msp, Role.ADMIN), {wrong: "of-somebody-else"}
    answer = walk.there(walk.out())
    with nothing_changed(but="sign_in_attempts"):
        walk.back(answer)
    page = read_by(app, admin, "sign_in.refused")
    assert [word for word in (wrong, provider.url) if word not in page] == []
    assert "of-somebody-else" not in page


def test_nobody_fills_the_trail_with_answers_that_prove_nothing(walk: Walk, provider: Provider) -> None:
    walk.app.config["SETTINGS"] = replace(walk.app.config["SETTINGS"], rate_limits=rates("refusals=2/1h"))
    for wrong in ({"nonce": "another"}, {"nonce": "another"}, {"iss": None}, {"sub": 7}):
        provider.claims = wrong
        assert walk.through().status_code == 403
    assert reasons() == ["nonce", "iss"]
