"""What the demo's distributor sells: about forty products with prices in three currencies."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal


@dataclass(frozen=True, slots=True)
class Item:
    """A product. `per_seat`: how many units a customer holds for each of its seats. `manual`: counted by hand."""

    sku: str
    vendor: str
    name: str
    unit: str
    euro: Decimal
    per_seat: float
    reports_used: bool = False
    manual: bool = False
    precision: int = 0

    def price(self, currency: str) -> Decimal | None:
        """Price of one unit; None for the one product that nobody has priced in US dollars yet."""
        if currency == "USD" and self.sku == UNPRICED_IN_USD:
            return None
        return (self.euro * RATES[currency]).quantize(Decimal("0.01"), ROUND_HALF_UP)


RATES = {"EUR": Decimal(1), "GBP": Decimal("0.86"), "USD": Decimal("1.09")}
UNPRICED_IN_USD = "XDR-OT-S"

# sku | vendor | name | unit | price in EUR | units per seat | used: reports used units, hand: counted by hand
TABLE = """
M365-BP-S | Microsoft | Microsoft 365 Business Premium | seat | 19.80 | 0.7 | used
M365-BB-S | Microsoft | Microsoft 365 Business Basic | seat | 5.10 | 0.3 | used
M365-AP-S | Microsoft | Microsoft 365 Apps for Business | seat | 8.90 | 0.25 | used
EXO-P1-M | Microsoft | Exchange Online Plan 1 | mailbox | 3.60 | 0.5 |
EXO-P2-M | Microsoft | Exchange Online Plan 2 | mailbox | 7.20 | 0.1 |
ENT-P1-U | Microsoft | Entra ID P1 | user | 5.40 | 0.4 |
INT-P1-D | Microsoft | Intune Plan 1 | device | 7.30 | 0.3 |
TMS-PH-S | Microsoft | Teams Phone Standard | seat | 7.40 | 0.2 | used
PBI-PR-S | Microsoft | Power BI Pro | seat | 9.20 | 0.08 | used
VIS-P2-S | Microsoft | Visio Plan 2 | seat | 13.90 | 0.04 | used
PRJ-P3-S | Microsoft | Project Plan 3 | seat | 27.80 | 0.03 | used
AZV-DSK-U | Microsoft | Azure Virtual Desktop, per user | user | 9.60 | 0.1 |
WFS-ADV-S | Trend Micro | Worry-Free Services Advanced | seat | 2.85 | 0.9 | used
WFS-STD-S | Trend Micro | Worry-Free Services | seat | 1.95 | 0.8 | used
EMS-ADV-M | Trend Micro | Email Security Advanced | mailbox | 1.90 | 0.9 | used
EMS-STD-M | Trend Micro | Email Security Standard | mailbox | 1.20 | 0.8 |
XDR-MNG-S | Trend Micro | Managed XDR | seat | 6.40 | 0.6 |
XDR-SRV-S | Trend Micro | Managed XDR for Servers | server | 18.50 | 0.05 |
XDR-OT-S | Trend Micro | Managed XDR for Plants | device | 11.20 | 0.1 |
CAS-ADV-S | Trend Micro | Cloud App Security | seat | 2.40 | 0.7 | used
MOB-SEC-D | Trend Micro | Mobile Security | device | 1.45 | 0.5 | used
CBK-WKS-D | Stratus Backup | Cloud Backup Workstation | workstation | 4.25 | 0.5 |
CBK-SRV-D | Stratus Backup | Cloud Backup Server | server | 22.50 | 0.05 |
CBK-365-S | Stratus Backup | Cloud Backup for Microsoft 365 | seat | 2.10 | 0.7 |
CBK-STO-G | Stratus Backup | Cloud Backup Storage | GB | 0.05 | 12 |
CBK-DR-D | Stratus Backup | Disaster Recovery | server | 48.00 | 0.02 |
ARC-MBX-M | Stratus Backup | Mailbox Archive | mailbox | 1.60 | 0.6 |
IDP-MFA-U | Keyfold | Identity Protect MFA | user | 1.35 | 0.9 |
IDP-SSO-U | Keyfold | Identity Protect Single Sign-on | user | 2.20 | 0.6 |
IDP-PAM-U | Keyfold | Privileged Access | user | 14.50 | 0.03 |
PWM-BUS-U | Keyfold | Password Manager Business | user | 2.75 | 0.8 |
RMM-WKS-D | Harrow Tools | Remote Management Workstation | device | 1.80 | 0.8 |
RMM-SRV-D | Harrow Tools | Remote Management Server | server | 6.90 | 0.05 |
PTM-AUT-D | Harrow Tools | Patch Automation | device | 0.95 | 0.8 |
DOC-BUS-U | Harrow Tools | Documentation | user | 3.10 | 0.1 |
VOP-STD-S | Lyric Voice | Hosted Voice Standard | seat | 8.40 | 0.3 |
VOP-CCE-S | Lyric Voice | Contact Centre | seat | 31.00 | 0.04 |
SAT-TRN-U | Bright Lane | Security Awareness Training | user | 1.15 | 0.9 |
WEB-FLT-U | Bright Lane | Web Filter | user | 1.25 | 0.7 |
CON-FW-D | Bright Lane | Managed Firewall | device | 39.00 | 0.02 | hand
CON-HRS-H | Meridian | Engineer hours | hour | 78.00 | 0.15 | hand
CON-BRD-L | Meridian | Broadband line | line | 42.00 | 0.04 | hand
"""


def _item(row: str) -> Item:
    sku, vendor, name, unit, euro, per_seat, how = (cell.strip() for cell in row.split("|"))
    precision = 2 if unit == "hour" else 0
    return Item(sku, vendor, name, unit, Decimal(euro), float(per_seat), how == "used", how == "hand", precision)


ITEMS: dict[str, Item] = {item.sku: item for item in map(_item, TABLE.strip().splitlines())}
FED = tuple(item for item in ITEMS.values() if not item.manual and item.sku != UNPRICED_IN_USD)
COUNTED_BY_HAND = tuple(item for item in ITEMS.values() if item.manual)
