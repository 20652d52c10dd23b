"""What a browser calls itself, in words that people recognise their devices by."""

from __future__ import annotations

from flask_babel import gettext

# The order matters: most browsers also name those they descend from.
BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {
    "Windows": "Windows",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def device(agent: str | None) -> str:
    """A User-Agent header as "Firefox on Linux"; what is unknown is shown as it was sent."""
    text = agent or ""
    browser = _first(BROWSERS, text)
    system = _first(SYSTEMS, text)
    if browser and system:
        return gettext("%(browser)s on %(system)s", browser=browser, system=system)
    return browser or system or text or gettext("unknown")


def _first(names: dict[str, str], text: str) -> str | None:
    return next((name for sign, name in names.items() if sign in text), None)
