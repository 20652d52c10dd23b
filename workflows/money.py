"""Money: exact decimals, rounded half up per line to the currency's minor unit; totals add rounded lines.

Source of the minor units: ISO 4217.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from workflows.errors import InvalidTerms
from workflows.units import EXACT, ZERO, LineState, has_discrepancy
from workflows.words import words

_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
# ANG, BGN and HRK are no longer legal tender and stay for history that was invoiced in them.
_TWO_DECIMALS = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD "
    "HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA "
    "MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR "
    "RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD "
    "TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
MINOR_UNITS: dict[str, int] = {
    code: decimals
    for decimals, codes in ((0, _NO_DECIMALS), (2, _TWO_DECIMALS), (3, _THREE_DECIMALS))
    for code in codes.split()
}


def minor_unit(currency: str) -> int:
    """The decimals of a currency: 2 for EUR, 0 for JPY, 3 for KWD. Raises InvalidTerms."""
    try:
        return MINOR_UNITS[currency]
    except (KeyError, TypeError):
        shown = str(currency)[:20]
        why = words(
            "“%(given)s” is no currency. Use the three capital letters of ISO 4217, for example EUR.", given=shown
        )
        raise InvalidTerms(why, "currency", currency) from None


def line_amount(chargeable: Decimal, unit_price: Decimal, minor_unit: int) -> Decimal:
    """Chargeable × unit price, rounded half up (away from zero) to ``minor_unit`` decimals."""
    exact = EXACT.multiply(chargeable, unit_price)
    return exact.quantize(Decimal(1).scaleb(-minor_unit), ROUND_HALF_UP, context=EXACT)


def amount_of(line: LineState) -> Decimal | None:
    """A line's amount; None while its figure or its price is unknown."""
    if line.chargeable_units is None or line.unit_price is None:
        return None
    return line_amount(line.chargeable_units, line.unit_price, line.minor_unit)


def total(amounts: Iterable[Decimal | None]) -> Decimal:
    """The sum of rounded line amounts; unknown ones add nothing."""
    return sum((amount for amount in amounts if amount is not None), ZERO)


def at_risk(line: LineState) -> Decimal:
    """What the distributor would lose by accepting the line as the MSP sees it, rounded like an amount.

    An under-reported discrepancy: (provisioned − chargeable) × price. A penalised line: the penalty, which is
    still open to dispute. Everything else, over-reports and differences within tolerance included: 0.
    """
    units = _disputable_units(line)
    return ZERO if line.unit_price is None else line_amount(units, line.unit_price, line.minor_unit)


def _disputable_units(line: LineState) -> Decimal:
    charged, provisioned = line.chargeable_units, line.provisioned_units
    if charged is None:
        return ZERO
    if line.penalised:
        return ZERO if line.declared_units is None else charged - line.declared_units
    if provisioned is None or not has_discrepancy(line):
        return ZERO
    return max(provisioned - charged, ZERO)
