"""Pages on which people come in, change their address or password, and are looked after by their admins."""

from distributor.people.views import addresses, forgotten, invitations, joining, members
from distributor.people.views.common import blueprint

__all__ = ["addresses", "blueprint", "forgotten", "invitations", "joining", "members"]
