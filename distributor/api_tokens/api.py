"""Reporting a leaked token by a program, such as a service that scans public code for secrets."""

from __future__ import annotations

from flask import Response, request
from flask_babel import gettext
from flask_smorest import Blueprint

from distributor import clock
from distributor.api.answers import Answer, committed
from distributor.api.bodies import fields_of
from distributor.api.calls import call
from distributor.api_tokens import operations, schemas
from distributor.errors import FieldError, InputRefused
from distributor.identity.tokens import found_in
from distributor.limits import operations as limits
from distributor.limits.operations import Limited

blueprint = Blueprint("TokenReports", __name__, url_prefix="/api/v1/token-reports", description="Leaked API tokens.")


@blueprint.route("", methods=["POST"])
@call(
    "reportToken", schemas.TokenReportReceived, status=202, body=schemas.TokenReport, is_public=True,
    problems=(411, 413, 415, 422),
)  # fmt: skip
def create() -> Response:
    """Report a leaked token

    For whoever found one, without a token of their own. A whole token is revoked at once; of a beginning, its owner and
    the admins are told. The answer is the same whether there is such a token or not, and sending it again does no harm.
    """
    at, text = clock.now(), fields_of(schemas.TokenReport)["token"]
    limits.spend(Limited.TOKEN_REPORT, limits.network_of(request.remote_addr), at)
    if found_in(text) is None:
        why = gettext("This is no API token of ours. One begins with dst_ and eight letters or digits.")
        raise InputRefused(why, [FieldError(why, "token")])
    operations.report(text, at)
    return committed(Answer({"received": True}, 202))
