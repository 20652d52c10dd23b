"""What a distributor's admin decides about approval, and what such a decision would have meant in the past."""
