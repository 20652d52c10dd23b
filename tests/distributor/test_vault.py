"""Secrets that must be read again."""

from __future__ import annotations

from flask import Flask

from distributor import vault


def test_what_is_kept_is_not_the_secret_and_reads_as_the_secret_again(app: Flask) -> None:
    kept = vault.lock("a seed")
    assert b"a seed" not in kept
    assert vault.unlock(kept) == "a seed"


def test_the_same_secret_is_never_kept_alike_twice(app: Flask) -> None:
    assert vault.lock("a seed") != vault.lock("a seed")


def test_another_key_and_an_altered_secret_read_as_nothing(app: Flask) -> None:
    kept = vault.lock("a seed")
    assert vault.unlock(kept[:-4] + b"AAAA") is None
    app.config["SECRET_KEY"] = "another key for tests that is long enough"
    assert vault.unlock(kept) is None
