"""Advisory locks: whoever holds one keeps nobody from another."""

from __future__ import annotations

from distributor import locks


def test_no_two_locks_have_the_same_key() -> None:
    keys = [key for name, key in vars(locks).items() if name.isupper()]
    assert len(keys) >= 4
    assert len(set(keys)) == len(keys)
