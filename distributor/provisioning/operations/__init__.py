"""What changes usage: ``import_usage`` takes a file that was read, all of it or nothing.

- ``importing``  the operation: locks, what the file means, what is kept
- ``resolving``  rows of a file to products of the catalogue, each wrong row named
- ``additions``  customers new to the account, products new to the catalogue
- ``snapshots``  one delivery of units, and how it differs from what it replaces
- ``charges``    Microsoft's charges, kept per file, and the cycles they tell of
- ``following``  what reports make of new usage
- ``remarks``    what is odd about an import without being wrong
"""

from distributor.provisioning.operations.additions import AddedProduct
from distributor.provisioning.operations.following import ReportOutcome
from distributor.provisioning.operations.importing import ImportResult, import_usage

__all__ = ["AddedProduct", "ImportResult", "ReportOutcome", "import_usage"]
