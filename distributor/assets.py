"""Addresses of static files that carry the version of all of them, so that browsers may keep them for ever.

The version stands in the path, not behind a question mark: so what a module imports and a stylesheet names beside
itself carries it too.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import cast

from flask import Flask, Response, current_app, g, send_from_directory, url_for

from distributor.identity.current import public

VERSIONED = "static_version"
VERSION_LENGTH = 12
# What every page is styled by, in this order, travels as one file: a first visit waits for one answer, not for seven.
PAGE_STYLES = "css/page.css"
SHEETS = ("tokens", "shell", "controls", "surfaces", "tables", "states", "palette")


def register(app: Flask) -> None:
    """Serve static files below their version and give templates `static_url`."""
    folder = cast(str, app.static_folder)
    app.config["STATIC_VERSION"] = version_of(Path(folder))
    app.config["STATIC_PAGE_STYLES"] = "".join(Path(folder, f"css/{name}.css").read_text("utf-8") for name in SHEETS)
    app.add_url_rule("/static/v-<version>/<path:filename>", VERSIONED, _file)
    app.jinja_env.globals["static_url"] = static_url


def static_url(name: str) -> str:
    """The address of a file in `distributor/static/`, such as "css/grid.css", or of PAGE_STYLES."""
    if "static_base" not in g:  # a page names its icons a hundred times over
        g.static_base = url_for(VERSIONED, version=current_app.config["STATIC_VERSION"], filename="")
    return f"{g.static_base}{name}"


def is_current(version: str) -> bool:
    """Whether an address names the files as they are now; a page of yesterday names those of yesterday."""
    return version == current_app.config["STATIC_VERSION"]


def version_of(folder: Path) -> str:
    """A digest of all files below `folder`, their names included."""
    found = sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        found.update(str(path.relative_to(folder)).encode() + b"\0" + sha256(path.read_bytes()).digest())
    return found.hexdigest()[:VERSION_LENGTH]


@public
def _file(version: str, filename: str) -> Response:
    if filename == PAGE_STYLES:
        return Response(current_app.config["STATIC_PAGE_STYLES"], mimetype="text/css")
    answer = send_from_directory(cast(str, current_app.static_folder), filename)
    # Read now, so that the file is closed with the answer: what compresses a stream would leave it open.
    answer.direct_passthrough = False
    answer.make_sequence()
    return answer
