"""Pages of single sign-on: the way in through a provider, and an organization's settings for it."""

from distributor.single_sign_on.views import door, settings
from distributor.single_sign_on.views.blueprint import blueprint

__all__ = ["blueprint", "door", "settings"]
