"""A PostgreSQL of our own, for whoever sets no DATABASE_URL.

``attach(home)`` gives a running server, and the last process to leave stops it. Inside:

- ``handle``        attach, and the handle it returns: url, release
- ``keeper``        the process that starts the server, revives it after a kill, stops it after the last user
- ``server``        one cluster: made by initdb, started, probed, stopped
- ``installation``  where PostgreSQL's programs are: the wheel, PATH, Debian's place
- ``account``       the operating system's user that runs the server (PostgreSQL refuses root)
- ``folder``        the files below DISTRIBUTOR_HOME, and their locks
"""

from distributor.postgres.errors import PostgresUnavailable
from distributor.postgres.handle import Handle, attach

__all__ = ["Handle", "PostgresUnavailable", "attach"]
