"""The heart: usage reports from opening to approval.

``models`` and ``queries`` read, ``operations`` act, ``notifications`` say who hears of it, ``views`` and ``api`` are
the edges.
"""
