"""Who is calling, as the API's document shows it."""

from __future__ import annotations

from marshmallow import fields

from distributor.api.schemas import Shape
from distributor.identity.scopes import SCOPES
from workflows.usage_report import Role


class OrganizationOfMember(Shape):
    """The organization that the token acts for."""

    id = fields.UUID(required=True)
    name = fields.String(required=True)
    is_distributor = fields.Boolean(required=True)


class MemberOfToken(Shape):
    """The person behind the token, in that organization."""

    id = fields.UUID(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    locale = fields.String(required=True)
    roles = fields.List(fields.String(metadata={"enum": [role.value for role in Role]}), required=True)


class Me(Shape):
    """Who a token is, and what it may do."""

    member = fields.Nested(MemberOfToken, required=True)
    organization = fields.Nested(OrganizationOfMember, required=True)
    scopes = fields.List(fields.String(metadata={"enum": list(SCOPES)}), required=True)
