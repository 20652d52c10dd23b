"""What people do about their own access and, as admins, about that of others. Nothing here commits."""
