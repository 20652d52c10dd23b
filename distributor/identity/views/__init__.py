"""Pages about oneself: the way in and out, and the profile, which adds its routes to the same blueprint."""

from distributor.identity.views import profile, words
from distributor.identity.views.door import blueprint

__all__ = ["blueprint", "profile", "words"]
