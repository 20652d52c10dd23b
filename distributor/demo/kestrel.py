"""The story of account MER-1042: Kestrel IT Services, 48 lines, seven discrepancies, three of them not explained.

Figures, comments and the amounts of each month are those of the design's pictures, where ``back`` 0 is October 2026.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from distributor.demo.figures import Counted, Kind

CUSTOMERS = {
    "shannon": "Shannon Freight Group",
    "atlantic": "Atlantic Credit Union",
    "curragh": "Curragh Motors",
    "glenmore": "Glenmore Pharma",
    "lee": "Lee Valley Foods",
    "brendan": "St. Brendan’s College",
    "beacon": "Beacon Architects",
    "harbour": "Harbour Dental Group",
    "fitzgerald": "Fitzgerald Rowe Solicitors",
    "ballincollig": "Ballincollig Veterinary",
}
SKUS = {
    "WFS": "WFS-ADV-S",
    "M365": "M365-BP-S",
    "EMS": "EMS-ADV-M",
    "CBW": "CBK-WKS-D",
    "CBS": "CBK-SRV-D",
    "MFA": "IDP-MFA-U",
    "XDR": "XDR-MNG-S",
    "EXO": "EXO-P1-M",
}
# customer, product, provisioned, used, chargeable
NEWEST = """
shannon WFS 400 290 300 | shannon M365 142 142 142 | shannon EMS 380 – 380 | shannon CBW 60 – 60
shannon CBS 8 – 8 | shannon MFA 400 – 400
atlantic EMS 120 96 96 | atlantic M365 110 109 109 | atlantic WFS 120 – 120 | atlantic CBS 6 – 6
atlantic XDR 120 – 120 | atlantic MFA 125 – 125
curragh M365 64 58 58 | curragh EXO 22 – 22 | curragh WFS 86 86 86 | curragh CBW 14 – 14
glenmore CBW 210 – 180 | glenmore CBS 18 – 18 | glenmore M365 265 263 263 | glenmore WFS 340 338 338
glenmore EMS 340 – 340 | glenmore XDR 340 – 340
lee M365 85 80 80 | lee EXO 140 – 140 | lee WFS 225 224 224 | lee EMS 225 – 225 | lee CBS 5 – 5
brendan WFS 250 225 225 | brendan EMS 96 – 96 | brendan M365 96 96 96 | brendan EXO 480 – 480 | brendan MFA 96 – 96
beacon CBS 12 – 15 | beacon M365 38 38 38 | beacon WFS 42 41 41 | beacon CBW 38 – 38
harbour M365 74 74 74 | harbour EMS 80 – 80 | harbour WFS 92 92 92 | harbour CBW 74 – 74 | harbour MFA 80 – 80
fitzgerald M365 57 57 57 | fitzgerald EMS 61 – 61 | fitzgerald WFS 57 – 57 | fitzgerald CBS 3 – 3
ballincollig M365 19 19 19 | ballincollig WFS 23 22 22 | ballincollig EMS 19 – 19
"""
EXPLAINED = {
    "glenmore:CBW": "30 lab PCs retired on 6 Oct, removal KES-4471 still open",
    "lee:M365": "5 seasonal packers, seats unused until January",
    "brendan:WFS": "25 exam-hall laptops were a trial that ended on 3 Oct",
    "beacon:CBS": "3 servers restored by hand on 29 Sep, not yet in the feed",
}
UNEXPLAINED = ("shannon:WFS", "atlantic:EMS", "curragh:M365")
# What Aoife Brennan has saved: the figure and explanations first, her three changes last.
FIRST_DRAFT = ("beacon:CBS", "lee:M365", "brendan:WFS")
THREE_CHANGES = ("shannon:WFS", "glenmore:CBW")


@dataclass(frozen=True, slots=True)
class Month:
    """An earlier cycle. `moved`: units charged, against the cycle after it. `differences`: units provisioned but not
    charged, with the explanation; None where nobody gave one.
    """

    kind: Kind
    submitted: int  # days after opening
    moved: str
    differences: dict[str, tuple[int, str | None]]


DEPOT = "96 seats are reserved for the Limerick depot, which goes live in November."
PACKERS = "5 seasonal packers, seats unused until January"

MONTHS = (
    Month(Kind.BY_HAND, 9,
          "shannon:M365-4 harbour:M365-3 atlantic:EMS+22 glenmore:CBS-2 glenmore:CBW+30 curragh:M365+6 brendan:WFS+25 "
          "beacon:CBS-3",
          {"shannon:WFS": (96, DEPOT), "lee:M365": (5, PACKERS)}),
    Month(Kind.AUTOMATIC, 10,
          "shannon:M365-11 fitzgerald:M365-3 harbour:WFS+2 atlantic:MFA-6 curragh:CBW-1 ballincollig:EMS+1 "
          "glenmore:XDR-32",
          {"shannon:WFS": (96, DEPOT), "lee:M365": (5, PACKERS),
           "harbour:CBW": (8, "8 reception PCs were replaced, the old ones are still in the feed."),
           "beacon:CBS": (-3, "3 servers restored by hand, not yet in the feed")}),
    Month(Kind.BY_HAND, 9,
          "glenmore:CBS-1 atlantic:EMS-8 harbour:MFA-7 glenmore:M365-23 atlantic:MFA+14",
          {"brendan:M365": (9, "9 leavers at the end of the school year."),
           "brendan:EXO": (40, "40 mailboxes of leavers, closed on 30 June."),
           "curragh:WFS": (7, "7 workshop laptops sold in June, removal requested.")}),
    Month(Kind.BY_HAND, 10,
          "atlantic:XDR-1 glenmore:XDR-15 curragh:M365-4 lee:M365-5 fitzgerald:M365-4 curragh:WFS-1 beacon:M365-3 "
          "curragh:CBW+1 atlantic:CBS-1 shannon:MFA-27 atlantic:EMS+1 brendan:EXO-51",
          {"shannon:MFA": (25, "25 tokens for visitors, handed back."),
           "atlantic:XDR": (12, "12 seats of the closed Ennis branch."),
           "glenmore:EMS": (20, "20 shared mailboxes merged on 2 June."),
           "brendan:EMS": (6, "6 mailboxes of exchange students."),
           "harbour:EMS": (5, "5 mailboxes moved to the Galway practice."),
           "lee:WFS": (14, "14 tablets of the canteen, wiped and returned.")}),
    Month(Kind.PENALTY, 10,
          "lee:EXO-12 shannon:M365+1 shannon:CBW-4 brendan:EMS+2 glenmore:WFS-17",
          {"glenmore:M365": (10, None), "atlantic:XDR": (6, None), "shannon:EMS": (40, None),
           "harbour:WFS": (6, "6 laptops lost in the flood, replaced by ours.")}),
    Month(Kind.BY_HAND, 8,
          "shannon:M365-11 curragh:M365-3 glenmore:M365-21 harbour:M365-2 brendan:M365-4 harbour:WFS+2 brendan:EMS-7 "
          "atlantic:EMS-1 beacon:WFS-3 fitzgerald:WFS-5 beacon:M365+1 lee:WFS-11 glenmore:CBS+1",
          {"glenmore:WFS": (18, "18 lab seats between two projects."),
           "fitzgerald:EMS": (4, "4 mailboxes of a former partner.")}),
    Month(Kind.BY_HAND, 10,
          "lee:EXO-10 atlantic:M365-6 shannon:M365-9 lee:M365-6 brendan:EMS-6 glenmore:XDR+20",
          {"lee:EMS": (12, "12 mailboxes of agency staff."), "shannon:M365": (4, "4 drivers left on 2 March."),
           "beacon:CBW": (3, "3 workstations sold.")}),
    Month(Kind.BY_HAND, 6,
          "beacon:CBW-2 glenmore:M365-16 glenmore:XDR-2 beacon:WFS-2 shannon:MFA-25 brendan:EMS-6 shannon:M365-3 "
          "shannon:EMS-37",
          {"glenmore:CBW": (15, "15 workstations in storage."), "harbour:MFA": (6, "6 locums, no longer with them."),
           "curragh:EXO": (3, "3 shared mailboxes closed."), "atlantic:MFA": (9, "9 tokens not handed out yet."),
           "brendan:EXO": (30, "30 mailboxes of the winter course.")}),
    Month(Kind.PENALTY, 11,
          "ballincollig:M365-1 atlantic:EMS+8 ballincollig:EMS+1 shannon:CBW+4 harbour:EMS+1 shannon:CBS-1 "
          "glenmore:EMS+27",
          {"brendan:M365": (4, None), "brendan:MFA": (6, None)}),
    Month(Kind.BY_HAND, 9,
          "lee:EXO-6 harbour:M365-6 glenmore:M365-18 brendan:M365-5 atlantic:XDR-2 brendan:EXO-30 beacon:M365-1 "
          "curragh:EXO+1 brendan:MFA-3 shannon:M365-7 glenmore:CBW+4",
          {"glenmore:XDR": (10, "10 seats of a project that was put off.")}),
    Month(Kind.BY_HAND, 8,
          "shannon:EMS-12 glenmore:M365-12 harbour:M365-2 harbour:CBW-4 glenmore:WFS+3",
          {"atlantic:WFS": (5, "5 branch PCs switched off."), "lee:EXO": (8, "8 mailboxes of leavers.")}),
    Month(Kind.SENT_BACK, 7,
          "brendan:EMS-4 atlantic:M365-9 lee:EXO-3 lee:WFS-13 harbour:M365-2 beacon:M365+1 harbour:MFA-5 "
          "ballincollig:EMS-1 glenmore:XDR-28",
          {"shannon:EMS": (10, "10 mailboxes of the old dispatch office."), "curragh:WFS": (4, "4 PCs returned.")}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Line:
    key: str
    provisioned: int
    used: int | None
    charged: int

    @property
    def tolerated(self) -> int:
        """Units between provisioned and charged that nobody needs to explain."""
        return 0 if self.key in EXPLAINED or self.key in UNEXPLAINED else self.provisioned - self.charged


def _lines() -> list[_Line]:
    rows = [row.split() for row in NEWEST.strip().replace("\n", "|").split("|")]
    return [_Line(f"{c}:{s}", int(p), None if u == "–" else int(u), int(x)) for c, s, p, u, x in rows]


def figures(back: int) -> list[Counted]:
    """The lines `back` cycles ago, as they were counted and declared."""
    if back == 0:
        return [_newest(line) for line in _lines()]
    month = MONTHS[back - 1]
    return [_earlier(line, line.charged + _moved(line.key, back), month) for line in _lines()]


def _moved(key: str, back: int) -> int:
    """Units charged for a line `back` cycles ago, less those of today."""
    pattern = re.compile(rf"\b{key}([+-]\d+)\b")
    return sum(int(units) for month in MONTHS[:back] for units in pattern.findall(month.moved))


def _newest(line: _Line) -> Counted:
    comment = EXPLAINED.get(line.key)
    return _counted(line, line.provisioned, line.used, (line.charged, comment, comment or line.key in UNEXPLAINED))


def _earlier(line: _Line, charged: int, month: Month) -> Counted:
    gap, comment = month.differences.get(line.key, (line.tolerated, None))
    differs = line.key in month.differences
    used = None if line.used is None else charged
    if differs and line.key == "shannon:WFS":
        used = charged - 10  # ten depot seats were used for a day, so the figure is typed in
    return _counted(line, charged + gap, used, (charged, comment, differs))


def _counted(line: _Line, provisioned: int, used: int | None, said: tuple[int, str | None, object]) -> Counted:
    """`said`: units charged, comment, whether the line is a discrepancy."""
    customer, sku = line.key.split(":")
    charged, comment, differs = said
    declared = None if charged == (provisioned if used is None else used) else Decimal(charged)
    return Counted(CUSTOMERS[customer], SKUS[sku], provisioned, used, declared, comment, bool(differs))


def keys(*names: str) -> set[tuple[str, str]]:
    """("shannon:WFS", …) as customer's name and SKU."""
    return {(CUSTOMERS[customer], SKUS[sku]) for customer, sku in (name.split(":") for name in names)}
