"""Headers of every answer: what a browser may load, keep and tell others."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from distributor.assets import VERSIONED, is_current
from distributor.config import Settings

# Nothing but what comes from this very host; no in-line script or style anywhere.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "font-src 'self'",
        "connect-src 'self'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
    )
)  # fmt: skip

UNUSED_POWERS = (
    "accelerometer", "autoplay", "bluetooth", "browsing-topics", "camera", "clipboard-read", "display-capture",
    "encrypted-media", "gamepad", "geolocation", "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer",
    "microphone", "midi", "payment", "picture-in-picture", "screen-wake-lock", "serial", "usb", "web-share",
    "xr-spatial-tracking",
)  # fmt: skip

ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{power}=()" for power in UNUSED_POWERS),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
}
A_YEAR = 365 * 24 * 3600
FOR_EVER = f"public, max-age={A_YEAR}, immutable"
ASK_AGAIN = "no-cache"
NOWHERE = "no-store"


def register(app: Flask) -> None:
    """Put the headers on every answer, errors included."""
    app.after_request(_add)
    # Functions run in the reverse order of this list: in front means after Flask-Compress.
    app.after_request_funcs[None].insert(0, _restore_etag)


def _add(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    settings: Settings = current_app.config["SETTINGS"]
    if settings.behind_tls:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={A_YEAR}")
    _say_how_long_to_keep(response)
    return response


def _say_how_long_to_keep(response: Response) -> None:
    """Files whose address names their content are kept for ever, other files asked for again, data never kept."""
    if request.endpoint == VERSIONED and response.status_code in {200, 206, 304}:
        keep = FOR_EVER if is_current((request.view_args or {})["version"]) else ASK_AGAIN
        response.headers["Cache-Control"] = keep
    elif request.endpoint == "static":
        response.headers["Cache-Control"] = ASK_AGAIN
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = NOWHERE


def _restore_etag(response: Response) -> Response:
    """A report's ETag is its version, which callers send back in If-Match; Flask-Compress makes `"3:gzip"` of it."""
    tag, is_weak = response.get_etag()
    encoding = response.headers.get("Content-Encoding")
    if tag and encoding and request.endpoint not in {"static", VERSIONED}:
        response.set_etag(tag.removesuffix(f":{encoding}"), weak=bool(is_weak))
    return response
