"""Colleagues who act for each other while one is away (docs/decisions/0026)."""
