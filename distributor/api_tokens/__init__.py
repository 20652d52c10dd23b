"""API tokens in their organization: made and told, seen and revoked by admins, reported when they leaked."""
