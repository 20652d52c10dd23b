"""Reports of leaked tokens, as the API's document shows them."""

from __future__ import annotations

from marshmallow import fields, validate

from distributor.api.schemas import Shape
from distributor.api_tokens.operations import LONGEST_REPORT
from distributor.identity.tokens import PREFIX_FORM


class TokenReport(Shape):
    """A token that was found where it should not be."""

    token = fields.String(
        required=True,
        validate=[validate.Length(1, LONGEST_REPORT)],
        metadata={
            "description": "The token, its beginning, or a text in which one of them stands.",
            "pattern": PREFIX_FORM,
        },
    )


class TokenReportReceived(Shape):
    """What is said about every report."""

    received = fields.Boolean(required=True)
