"""How often the same thing may be done: counted in PostgreSQL, whatever becomes of the request that did it."""
