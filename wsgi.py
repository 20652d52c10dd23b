"""The entry point of a WSGI server: `wsgi:app`."""

from distributor import create_app, tenancy

app = create_app()
tenancy.guard(app)
