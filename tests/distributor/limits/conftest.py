"""The people and the clock of the sign-in tests."""

from tests.distributor.identity.conftest import aoife, clock, story

__all__ = ["aoife", "clock", "story"]
