"""A member's coming deadlines as a calendar that their own calendar program reads, behind a private address."""
