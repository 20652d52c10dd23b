"""Accounts: the agreements between a distributor and its MSPs, with the terms their reports follow."""
