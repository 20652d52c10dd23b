"""Proofs: attacks that are generated, counted and repeatable. A short form of each runs with the other tests; the long
form (`make prove`) writes docs/security/proof.md.
"""
