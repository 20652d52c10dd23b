"""A file between "what would this change?" and "do it"."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask

from distributor import held_files
from distributor.errors import Conflict
from distributor.held_files import HELD_FOR
from tests.factories import OPENED_AT, Story

LATER = OPENED_AT + HELD_FOR


@pytest.fixture
def story(app: Flask) -> Story:
    return Story()


@pytest.fixture
def held(story: Story) -> UUID:
    return held_files.hold(story.preparer, "report 1", "october.xlsx", b"figures", OPENED_AT)


def test_a_held_file_is_taken_once(story: Story, held: UUID) -> None:
    assert held_files.take(story.preparer, "report 1", held, LATER) == ("october.xlsx", b"figures")
    with pytest.raises(Conflict, match="Send it again"):
        held_files.take(story.preparer, "report 1", held, LATER)


def test_nobody_else_takes_it_and_nothing_else_is_done_with_it(story: Story, held: UUID) -> None:
    for who, purpose in ((story.reviewer, "report 1"), (story.preparer, "report 2")):
        with pytest.raises(Conflict):
            held_files.take(who, purpose, held, LATER)


def test_after_an_hour_it_is_gone(story: Story, held: UUID) -> None:
    with pytest.raises(Conflict):
        held_files.take(story.preparer, "report 1", held, LATER + timedelta(seconds=1))


def test_a_further_file_takes_the_place_of_the_one_before(story: Story, held: UUID) -> None:
    newer = held_files.hold(story.preparer, "report 1", "again.xlsx", b"others", OPENED_AT)
    with pytest.raises(Conflict):
        held_files.take(story.preparer, "report 1", held, LATER)
    assert held_files.take(story.preparer, "report 1", newer, LATER) == ("again.xlsx", b"others")
