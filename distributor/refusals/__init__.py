"""Attempts that were refused: who tried what, in the trail of the organization concerned, or else in the service log.

A refused request is rolled back, so its entry is a transaction of its own, made afterwards. What could be repeated at
will is written once an hour and counted for each organization: no attempt fills a chain, or keeps it from others.
"""
