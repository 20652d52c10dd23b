"""Everything the application shows to the outside, registered in one place.

A feature's pages are one line in `PAGES`. What every request passes before its view stands in `gate.py`, what becomes
of errors in `failures.py`.
"""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_smorest import Blueprint as ApiBlueprint

from distributor import assets, deadlines, failures, formatting, gate, headers, health, languages, navigation
from distributor.accounts import api as accounts_api
from distributor.accounts import views as accounts
from distributor.api import document
from distributor.api_tokens import api as api_tokens_api
from distributor.api_tokens import views as api_tokens
from distributor.audit import pack_views as evidence_pack
from distributor.audit import views as audit
from distributor.brands import views as brands
from distributor.calendars import views as calendars
from distributor.catalogue import api as catalogue_api
from distributor.catalogue import views as catalogue
from distributor.delegation import names
from distributor.delegation import views as delegation
from distributor.delivery import views as delivery
from distributor.identity import api as identity_api
from distributor.identity import views as identity
from distributor.limits import api_calls
from distributor.people import views as people
from distributor.policies import views as policies
from distributor.provisioning import api as provisioning_api
from distributor.provisioning import coverage_views as coverage
from distributor.provisioning import views as usage_files
from distributor.refusals import attempts
from distributor.search import views as search
from distributor.single_sign_on import views as single_sign_on
from distributor.spreadsheets import views as spreadsheets
from distributor.usage_reports import api as usage_reports_api
from distributor.usage_reports import evidence_views as evidence
from distributor.usage_reports import overview_views as overview
from distributor.usage_reports import review_views as review
from distributor.usage_reports import roll_up_views as roll_ups
from distributor.usage_reports import trends_views as trends
from distributor.usage_reports import views as usage_reports

PAGES: tuple[Blueprint, ...] = (
    audit.blueprint,
    evidence_pack.blueprint,
    api_tokens.blueprint,
    brands.blueprint,
    calendars.blueprint,
    accounts.blueprint,
    catalogue.blueprint,
    coverage.blueprint,
    delegation.blueprint,
    delivery.blueprint,
    evidence.blueprint,
    health.blueprint,
    identity.blueprint,
    overview.blueprint,
    people.blueprint,
    policies.blueprint,
    review.blueprint,
    roll_ups.blueprint,
    search.blueprint,
    single_sign_on.blueprint,
    spreadsheets.blueprint,
    trends.blueprint,
    usage_files.blueprint,
    usage_reports.blueprint,
)

API: tuple[ApiBlueprint, ...] = (
    usage_reports_api.blueprint,
    accounts_api.blueprint,
    provisioning_api.blueprint,
    catalogue_api.blueprint,
    identity_api.blueprint,
    api_tokens_api.blueprint,
)


def register(app: Flask) -> None:
    """Bind blueprints, error pages, headers and template helpers to the application."""
    for part in (deadlines, assets, formatting, names, languages, navigation, gate, api_calls, headers, attempts):
        part.register(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    document.install(app, API)
    # Last, as flask-smorest brings a handler of its own, in another shape than RFC 9457.
    failures.register(app)
