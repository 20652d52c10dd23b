"""Usage over the API: one file, all of it or nothing."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from flask_babel import gettext, ngettext
from flask_smorest import Blueprint
from werkzeug.exceptions import UnsupportedMediaType

from distributor import clock
from distributor.accounts import queries as accounts
from distributor.api.answers import Answer, committed
from distributor.api.bodies import check_length, query_of, raw_body
from distributor.api.calls import call
from distributor.errors import FieldError, InputRefused
from distributor.identity.acting import acting
from distributor.identity.current import require_member, require_scope
from distributor.limits.operations import Limited
from distributor.limits.routes import limited
from distributor.provisioning import schemas
from distributor.provisioning.operations import import_usage
from distributor.provisioning.operations.importing import check_may_import
from distributor.provisioning.uploads import file_name, read_upload
from workflows.report_cycle import Cycle

blueprint = Blueprint(
    "Usage", __name__, url_prefix="/api/v1/accounts", description="Provisioned and used units, as they come in."
)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORM = "multipart/form-data"
FILES = ("text/csv", XLSX, "application/csv", "application/octet-stream", "text/plain")
BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
BODY = {
    "required": True,
    "description": "JSON, our CSV or XLSX layout, Microsoft's reconciliation CSV or CloudBlue Connect's usage file; "
    "what a file is follows from its content.",
    "content": {
        "application/json": {"schema": schemas.Usage},
        "text/csv": BINARY,
        XLSX: BINARY,
        FORM: {"schema": {"type": "object", "required": ["file"], "properties": {"file": BINARY["schema"]}}},
    },
}


@blueprint.route("/<uuid:uid>/usage/<cycle>", methods=["PUT"])
@call(
    "putUsage", schemas.ImportResult, scope="usage:write", body=BODY, query=schemas.UsageQuery,
    problems=(404, 409, 411, 413, 415, 422),
)  # fmt: skip
@limited(Limited.IMPORT)
def put(uid: UUID, cycle: str) -> Response:
    """Put usage

    Replaces what the source had said of the cycle; the same file again changes nothing. Lines of a report
    that can still be changed follow, unless the MSP changed them. With anything refused nothing is stored; a
    dry run names every refused row.
    """
    member = require_member()
    account = accounts.account(uid, member)
    who = acting(member, account)
    check_may_import(who)
    wanted = query_of(schemas.UsageQuery)
    if wanted["add_products"]:
        require_scope("catalogue:write")
    month = Cycle.parse(cycle)
    name, content = _sent()
    usage = read_upload(account, month, content, name=name, file_format=wanted.get("format"))
    result = import_usage(
        account, month, usage, who, clock.now(),
        add_products=wanted["add_products"], dry_run=wanted["dry_run"], file_name=name,
    )  # fmt: skip
    return committed(Answer(result.as_dict()))


def _sent() -> tuple[str | None, bytes]:
    """The file's name, where it has one, and its content. Raises UnsupportedMediaType, and as `raw_body`."""
    check_length()
    if request.mimetype == FORM:
        return _uploaded()
    if not request.is_json and request.mimetype not in FILES:
        taken = ", ".join(("application/json", *FILES[:2], FORM))
        given = request.mimetype or gettext("a body without Content-Type")
        raise UnsupportedMediaType(gettext("Usage is taken as %(taken)s, not as %(given)s.", taken=taken, given=given))
    return None, raw_body()


def _uploaded() -> tuple[str | None, bytes]:
    files = [file for _, file in request.files.items(multi=True)]
    if len(files) != 1:
        message = ngettext(
            "Send one file, in the field “file”; there was %(num)s.",
            "Send one file, in the field “file”; there were %(num)s.",
            len(files),
        )
        raise InputRefused(message, [FieldError(message, "file")])
    return file_name(files[0].filename), files[0].read()
