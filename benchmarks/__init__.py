"""How fast the hot paths are, against plain SQL with the same writes on the same schema with its guards.

`python -m benchmarks` measures everything in one run on a database of its own and writes docs/benchmarks.md.

* ``databases``  a cluster of its own, databases made and copied
* ``ground``     accounts, members, catalogue and usage to measure on
* ``service``    the application in this process, and `distributor web` beside it
* ``load``       connections kept alive that ask one request after the other; ``floors`` the plain SQL
* ``batches``    opening and automatic submission; ``growth`` the same as reports pile up
* ``calls``      submit and approve over the API; ``pages``, ``drafts``, ``files``
* ``figures``    what was measured against what it should be; ``paper`` prints and writes it
"""
