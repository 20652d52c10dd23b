"""Who did something, as people read it: a colleague in whose name it was done stands beside the person."""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_babel import gettext

# What the details of an action keep of the colleague, see identity/acting.py.
NAMES_BOTH = frozenset({"for", "for_user"})


def named(action: Any) -> str:
    """The actor of a report's action, as "Tomas Keane for Niamh Doyle" where one acted for the other. Any row with
    `actor_name`, and `details` or `acted_for`.
    """
    absent = action.details.get("for") if hasattr(action, "details") else action.acted_for
    if not absent:
        return str(action.actor_name)
    return gettext("%(name)s for %(absent)s", name=action.actor_name, absent=absent)


def register(app: Flask) -> None:
    """Give templates the filter."""
    app.jinja_env.filters["named"] = named
