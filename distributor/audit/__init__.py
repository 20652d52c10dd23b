"""The audit trail: who did what, in chains of hashes that nobody can rewrite unseen (docs/audit.md)."""
