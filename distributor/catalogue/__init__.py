"""Products with their prices, and the customers of accounts."""
