"""Usage as it comes in: file formats, snapshots, and what an import does to an open report."""
