"""Paths of this site that a form or an address hands in, to lead people back."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_path(wanted: str | None) -> str | None:
    """`wanted` when it is an address on this host; nothing that a browser might take for another one."""
    if not wanted or not wanted.startswith("/") or wanted.startswith("//") or "\\" in wanted:
        return None
    if not wanted.isprintable() or " " in wanted:
        return None
    parts = urlsplit(wanted)
    return None if parts.scheme or parts.netloc else wanted
