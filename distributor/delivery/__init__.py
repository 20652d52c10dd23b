"""The outbox: notifications rendered when they are delivered, attempted, retried, given up visibly."""
