"""Paths of this site: those that a form or an address hands in, to lead people back, and the one that was asked for."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import request

from distributor.words import on_a_line


def local_path(wanted: str | None) -> str | None:
    """`wanted` when it is an address on this host; nothing that a browser might take for another one."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return None
    if not wanted.isprintable() or " " in wanted:
        return None
    parts = urlsplit(wanted)
    return None if parts.scheme or parts.netloc else wanted


def shown_path() -> str:
    """The path of this request as logs and the trail may keep it: without the secret of a mailed link, and without
    signs that would break a line or turn it around.
    """
    rule = request.url_rule
    return rule.rule if rule is not None and "token" in (request.view_args or {}) else on_a_line(request.path)
