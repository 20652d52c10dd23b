"""Names of people and customers, and what MSPs write about a difference. Domains end in .example: nobody owns them."""

from __future__ import annotations

import re
import unicodedata
from random import Random


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(","))


FIRST = _listed("""
    Ada, Brian, Ciara, Dermot, Elena, Fergus, Grace, Hugo, Isla, Jonas, Kate, Liam, Maeve, Nils, Orla,
    Patrick, Quentin, Rosa, Stephen, Tara, Una, Victor, Wendy, Yusuf, Zoe
""")
LAST = _listed("""
    Adams, Burke, Carroll, Doherty, Egan, Fischer, Gallagher, Hayes, Irwin, Jensen, Kelly, Lynch, Murphy,
    Novak, Ortiz, Price, Quinn, Reilly, Schmidt, Turner, Ullman, Vaughan, Walsh, Young, Zimmer
""")
PLACES = _listed("""
    Abbey, Ashford, Bellview, Bridgeport, Carrick, Castle, Cliffside, Dalton, Eastgate, Fairview, Glen,
    Greenfield, Harbour, Highfield, Innisfree, Kilmore, Lakeside, Lismore, Marlow, Millbrook, Newcourt,
    Northside, Oldbridge, Parkgate, Riverside, Rosehill, Shoreline, Southgate, Stonebridge, Summerhill,
    Swanlake, Templeton, Westbrook, Whitegate, Woodlands
""")
TRADES = _listed("""
    Accountants, Architects, Bakery, Builders, Care Homes, Clinics, College, Couriers, Credit Union, Dental,
    Energy, Engineering, Farms, Fisheries, Foods, Freight, Hotels, Insurance, Joinery, Law, Logistics,
    Motors, Optics, Packaging, Pharmacy, Plastics, Print, Recruitment, Schools, Solicitors, Textiles,
    Timber, Tours, Veterinary, Wholesale
""")

# Each takes {n}, the units not charged.
UNDER = (
    "{n} seats are reserved for an office that opens next month.",
    "{n} leavers, removal requested and not yet done in the feed.",
    "{n} trial units that ended during the cycle.",
    "{n} seasonal staff, unused until spring.",
    "{n} duplicates after a tenant migration, ticket open with the vendor.",
    "{n} shared devices were retired, removal still open.",
    "{n} units were ordered twice by mistake and returned.",
    "{n} test accounts of our own, agreed with you in the spring.",
)
OVER = "{n} added by hand at the end of the cycle, not yet in the feed."
ANSWER = "Checked with the customer: {n} units, order form sent to you today."
NOTES = (
    "The provisioning history shows no removal. Send the request, or charge the units.",
    "Same reason as last month. Which order does this belong to?",
)


def person(number: int) -> str:
    """A name for the `number`-th person; the first 600 or so differ."""
    return f"{FIRST[number % len(FIRST)]} {LAST[(number * 7 + number // len(FIRST)) % len(LAST)]}"


def customers(random: Random, count: int) -> list[str]:
    """`count` different customers."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[f"{random.choice(PLACES)} {random.choice(TRADES)}"] = None
    return list(names)


def slug(name: str) -> str:
    """ "St. Brendan’s College" → "st-brendans-college"."""
    plain = unicodedata.normalize("NFKD", name.replace("’", "")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def explanation(random: Random, provisioned: int, charged: int) -> str:
    """What an MSP says about a difference."""
    words = random.choice(UNDER) if charged < provisioned else OVER
    return words.format(n=abs(provisioned - charged))
