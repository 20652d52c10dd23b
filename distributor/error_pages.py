"""Error pages for people: in the frame where that can be had, as a note for htmx, each with a way on."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Response, make_response, render_template, request

from distributor.database import db
from distributor.kept_words import kept
from distributor.problems import Problem

# A stale version is the same news to people as a step that no longer fits.
TEMPLATES = {
    403: "403", 404: "404", 409: "409", 412: "409", 413: "413", 428: "409", 429: "429", 500: "500", 503: "503",
}  # fmt: skip
# A database that is away is not asked for the frame either; after a bug the frame is tried.
ALONE, TRIED = 503, 500
# Somebody whose role was changed in the middle of an edit keeps the words.
REFUSED = 403

log = structlog.get_logger("distributor")


def page_of(found: Problem, reason: str | None) -> Response:
    """The page for a problem; `reason` is one sentence of what was wrong, where that is worth reading."""
    context = {
        "problem": found,
        "reason": reason,
        "reference": found.extra.get("error_id", ""),
        "back_href": way_back(),
        "again_href": way_on(),
        "kept": kept() if found.status == REFUSED else None,
    }
    if request.headers.get("HX-Request"):
        return _note(found, context)
    return make_response(_in_frame(f"errors/{TEMPLATES.get(found.status, 'other')}.html", found, context), found.status)


def way_back() -> str:
    """Where a form that was refused came from; for a page that was asked for, the same without its questions."""
    if request.method == "GET":
        return request.path
    return local(request.referrer) or "/"


def way_on() -> str:
    """Where to go once nothing stands in the way: the page that was asked for, or the one a form stood on."""
    return request.full_path.rstrip("?") if request.method == "GET" else way_back()


def local(address: str | None) -> str | None:
    """The path of an address on this host; None for any other."""
    parts = urlsplit(address or "")
    if parts.netloc != request.host or not parts.path.startswith("/") or parts.path.startswith("//"):
        return None
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _note(found: Problem, context: dict[str, Any]) -> Response:
    """A note for the note area of the page that is there, whatever part of it was asked for."""
    answer = make_response(render_template("errors/fragment.html", **context), found.status)
    answer.headers.update({"HX-Retarget": "#flashes", "HX-Reswap": "innerHTML", "HX-Reselect": "[data-failure]"})
    return answer


def _in_frame(template: str, found: Problem, context: dict[str, Any]) -> str:
    if found.status != ALONE:
        try:
            return render_template(template, **context)
        except Exception as error:
            if found.status != TRIED:
                raise
            log.warning("no frame for an error page", path=request.path, exc_info=error)
            db.session.rollback()
    return render_template(template, **context, me=None, nav=[])
