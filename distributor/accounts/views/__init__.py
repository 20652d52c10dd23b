"""Pages about accounts: the list, one account with its terms, imports and exports, and the MSP's own terms."""

from distributor.accounts.views import editing, files, listing, making, own
from distributor.accounts.views.common import blueprint

__all__ = ["blueprint", "editing", "files", "listing", "making", "own"]
