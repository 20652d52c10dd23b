"""Usage reports over the API. Each change: who (401, 403), which report (404), a replayed key, version (412, 428), state
(409), input (422), act, commit, answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from flask import Response
from flask_smorest import Blueprint
from marshmallow import Schema
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import HTTPException

from distributor import clock
from distributor.api.answers import Answer, committed, once, respond, versioned
from distributor.api.bodies import fields_of, json_body, query_of, refused
from distributor.api.calls import IF_MATCH, IF_NONE_MATCH, KEY, call
from distributor.api.pages import mark_of, page, uid_of, wrong_cursor
from distributor.api.pages import PageQuery
from distributor.api.preconditions import etag, named_version, not_modified, required_version
from distributor.database import db
from distributor.errors import FieldError, Forbidden, InputRefused, NotFound, VersionRequired
from distributor.identity.acting import Acting, CurrentMember, acting
from distributor.identity.current import require_member, require_scope
from distributor.problems import problem, problem_of
from distributor.usage_reports import keyset, queries, schemas, shapes
from distributor.usage_reports.drafts_given import drafts_given
from distributor.usage_reports.operations import drafts, steps, usage
from distributor.usage_reports.queries import LINE, ReportRow
from workflows.errors import Refused
from workflows.events import Event
from workflows.usage_report import Side, Step, fire

blueprint = Blueprint(
    "Reports", __name__, url_prefix="/api/v1/reports", description="Usage reports: reading them, and the steps of their workflow."
)
