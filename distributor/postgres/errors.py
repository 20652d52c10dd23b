"""The one refusal of this package."""


class PostgresUnavailable(Exception):  # noqa: N818 - named for what people read, as every refusal here
    """There is no PostgreSQL to work with; the text is one sentence with the reason and the way out."""
