"""Pages about the catalogue: the list, one product with its prices, imports and exports."""

from distributor.catalogue.views import files, prices, products
from distributor.catalogue.views.common import blueprint

__all__ = ["blueprint", "files", "prices", "products"]
