"""The entry point of a WSGI server: `wsgi:app`."""

from distributor import create_app

app = create_app()
