"""The blueprint of all pages about oneself, which each of these files adds its routes to."""

from __future__ import annotations

from flask import Blueprint

blueprint = Blueprint("identity", __name__)
