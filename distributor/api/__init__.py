"""What all parts of the REST API share; the calls themselves stand in each feature's ``api.py``.

* ``calls``          declares a call: its scope and its page in the document
* ``bodies``         reads what was sent, strictly; ``fields`` are its kinds of values
* ``preconditions``  If-Match
* ``answers``        what goes back; ``once`` commits and keeps the promise of Idempotency-Key
* ``figures``        units, money, times and steps as texts
* ``pages``          keyset pages and their cursors
* ``document``       the OpenAPI document, and the page to read it
"""
