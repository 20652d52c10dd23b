"""`python -m distributor` is the command line."""

from distributor.cli import main

main(prog_name="distributor")
