"""Who works where, and who can sign in."""

from __future__ import annotations

from dataclasses import dataclass

from distributor.demo.names import person, slug
from distributor.demo.partners import DISTRIBUTOR, KESTREL, PARTNERS, Partner
from workflows.usage_report import Role, Side

# The same for everybody; demo data only ever stands on a machine's own address.
SIGN_IN_WITH = "meridian-demo-2026"


@dataclass(frozen=True, slots=True)
class Person:
    """A member to be. `roles` as the database spells them."""

    email: str
    name: str
    organization: str
    side: Side
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DemoMember:
    """Somebody who can sign in: `side` is "distributor" or "msp", `role` the member's roles, separated by commas."""

    email: str
    password: str
    organization: str
    side: str
    role: str


REVIEWER = Person("tomas.keane@meridian.example", "Tomás Keane", DISTRIBUTOR, Side.DISTRIBUTOR, (Role.REVIEWER,))
SECOND = Person("sinead.farrell@meridian.example", "Sinéad Farrell", DISTRIBUTOR, Side.DISTRIBUTOR, (Role.REVIEWER,))
ADMIN = Person("niamh.doyle@meridian.example", "Niamh Doyle", DISTRIBUTOR, Side.DISTRIBUTOR, (Role.ADMIN,))
PREPARER = Person("aoife.brennan@kestrel.example", "Aoife Brennan", KESTREL.name, Side.MSP, (Role.PREPARER,))

NAMED = (
    PREPARER,
    Person("declan.power@kestrel.example", "Declan Power", KESTREL.name, Side.MSP, (Role.ADMIN,)),
    Person("mary.nolan@kestrel.example", "Mary Nolan", KESTREL.name, Side.MSP, (Role.VIEWER,)),
    REVIEWER,
    SECOND,
    ADMIN,
    Person("owen.hart@meridian.example", "Owen Hart", DISTRIBUTOR, Side.DISTRIBUTOR, (Role.VIEWER,)),
)


def people() -> list[Person]:
    """Everybody, those of the story first."""
    return [*NAMED, *(preparer(partner) for partner in PARTNERS if partner is not KESTREL)]


def preparer(partner: Partner) -> Person:
    """Who prepares the partner's reports."""
    if partner is KESTREL:
        return PREPARER
    email = f"preparer@{slug(partner.name)}.example"
    return Person(email, person(partner.number), partner.name, Side.MSP, (Role.PREPARER,))


def as_member(one: Person) -> DemoMember:
    return DemoMember(one.email, SIGN_IN_WITH, one.organization, str(one.side), ", ".join(one.roles))
