"""What changes usage: ``import_usage`` takes a file that was read, all of it or nothing.

- ``importing``  the operation: locks, what the file means, what is kept, which reports follow
- ``resolving``  rows of a file to products of the catalogue, each wrong row named
- ``snapshots``  one delivery of units, and how it differs from what it replaces
- ``charges``    Microsoft's charges, kept per file, and the cycles they tell of
"""

from distributor.provisioning.operations.importing import ImportResult, ReportOutcome, import_usage

__all__ = ["ImportResult", "ReportOutcome", "import_usage"]
