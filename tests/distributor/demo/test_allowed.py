"""Where demo data may go."""

from __future__ import annotations

from pathlib import Path

import pytest

from distributor.config import SettingError
from distributor.demo.fill import announce, check_allowed, fill_if_empty
from tests.conftest import make_settings

URL = "postgresql+psycopg://127.0.0.1/usage"


def test_an_embedded_database_takes_demo_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    check_allowed(make_settings(URL, tmp_path), allowed=False)


@pytest.mark.parametrize("host", ["usage.example.com", "192.0.2.7", "::"])
def test_a_host_that_others_reach_is_refused_whatever_is_said(tmp_path: Path, host: str) -> None:
    settings = make_settings(URL, tmp_path, host=host)
    with pytest.raises(SettingError, match=f"HOST={host}"):
        check_allowed(settings, allowed=True)
    with pytest.raises(SettingError, match="HOST"):
        fill_if_empty(settings)


def test_a_database_of_ones_own_is_refused_until_it_is_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://127.0.0.1/usage")
    settings = make_settings(URL, tmp_path)
    with pytest.raises(SettingError, match="--demo"):
        check_allowed(settings, allowed=False)
    check_allowed(settings, allowed=True)


def test_nobody_to_announce_is_said_in_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    announce([])
    assert capsys.readouterr().out == "The database holds data of its own; no demo data was added.\n"
