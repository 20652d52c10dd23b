"""Pages about oneself: the way in and out, and the profile; each file adds its routes to the same blueprint."""

from distributor.identity.views import confirm, door, profile, second_step, security, words
from distributor.identity.views.blueprint import blueprint

__all__ = ["blueprint", "confirm", "door", "profile", "second_step", "security", "words"]
