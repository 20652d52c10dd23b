"""Mutants that no test can notice, as nothing that anybody could see is different. Name → why."""

from __future__ import annotations

EQUIVALENT: dict[str, str] = {}
