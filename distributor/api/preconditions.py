"""If-Match: the version of a report the caller saw, as `"3"`."""

from __future__ import annotations

import re

from flask import request

from distributor.errors import VersionRequired
from distributor.identity.acting import Acting
from distributor.usage_reports.queries import ReportRow
from workflows.errors import NotPermitted, StaleVersion
from workflows.usage_report import RULES, Step

# Compression on the way marks a version ("3:gzip", "3--br") and makes it weak (W/"3"): it is the same version still.
VERSION = re.compile(r'(?:W/)?"([1-9][0-9]{0,8})(?:(?::|--|-)[a-z]+)?"')


def etag(version: int) -> str:
    """The version as a strong ETag."""
    return f'"{version}"'


def required_version(report: ReportRow, step: Step, acting: Acting) -> int:
    """The version named by If-Match. Raises VersionRequired, StaleVersion; NotPermitted before either."""
    version = named_version(report, step, acting)
    if version is None:
        raise VersionRequired
    return version


def named_version(report: ReportRow, step: Step, acting: Acting) -> int | None:
    """The version named by If-Match, None without one. Raises StaleVersion for another one than the report's."""
    if not RULES[step].permits(acting.actor):
        raise NotPermitted(step, RULES[step].performers)
    given = request.headers.get("If-Match", "").strip()
    if given in {"", "*"}:
        return None
    versions = versions_in(given)
    if report.version in versions:
        return int(report.version)
    raise StaleVersion(min(versions, default=0), report.version)


def versions_in(header: str) -> set[int]:
    """The versions that a list of ETags names; what is none of ours names nothing."""
    return {int(match[1]) for match in VERSION.finditer(header[:1_000])}
