"""What a usage file becomes, whatever it was written in."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, get_args

from workflows.report_cycle import Cycle
from workflows.words import Words, words

Format = Literal["distributor-csv", "distributor-xlsx", "json", "microsoft", "connect"]
FORMATS: tuple[Format, ...] = get_args(Format)

LONGEST_REF, LONGEST_NAME, LONGEST_SKU = 200, 300, 100
LONGEST_UNIT, LONGEST_SOURCE = 50, 50
# Of this source every cycle is worked out anew from the charges kept, so nothing else may go by its name.
MICROSOFT = "microsoft"
SOURCE_TAKEN = words("“source”: microsoft is the name of Microsoft's own file. Give your source another name.")

MIB = 1024 * 1024


class UnreadableFile(Exception):  # noqa: N818 - a refusal, an ordinary answer to a wrong file
    """The file as a whole can't be taken. ``message`` says why and what to do, for people; ``field`` where."""

    def __init__(self, message: str, field: str = "file") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be. ``zip_ratio`` and ``max_inflated`` (bytes) are for workbooks."""

    max_bytes: int = 5 * MIB
    max_rows: int = 20_000
    max_columns: int = 64
    zip_ratio: int = 50
    max_inflated: int = 50 * MIB


HTTP_LIMITS = Limits()
COMMAND_LIMITS = Limits(max_bytes=2048 * MIB, max_rows=1_000_000, max_inflated=4096 * MIB)


@dataclass(frozen=True, slots=True)
class Period:
    """A cycle with its first and last day."""

    cycle: Cycle
    starts_on: date
    ends_on: date

    def in_words(self) -> Words:
        """The cycle with its days, for messages."""
        return words(
            "the cycle %(cycle)s (%(first)s to %(last)s)",
            cycle=self.cycle,
            first=self.starts_on,
            last=self.ends_on,
        )


@dataclass(frozen=True, slots=True)
class ProductHint:
    """What the file tells of a product, for adding it to the catalogue. None: the file does not say.

    ``precision``: decimals of its units. ``price``: of one unit, in ``currency``, from the first row that
    has one; ``other_prices`` counts the further rows whose price differs from it.
    """

    sku: str
    name: str
    vendor: str | None = None
    unit: str | None = None
    precision: int = 0
    price: Decimal | None = None
    currency: str | None = None
    other_prices: int = 0


@dataclass(frozen=True, slots=True)
class UsageRow:
    """Units of one customer and product in the cycle; ``row`` is its (first) row in the file.

    Both customer fields are empty where an account reports totals only. An empty ``customer_name`` beside a
    ``customer_ref`` means that the file knows no names. ``sku_alias``: the SKU under which Microsoft's own
    file knows a product that ``sku`` names more precisely.
    """

    row: int
    customer_ref: str
    customer_name: str
    sku: str
    provisioned_units: Decimal
    used_units: Decimal | None = None
    sku_alias: str | None = None


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """One charge of Microsoft's file: units of a subscription from ``charge_start`` to before ``charge_end``.

    Both are days in UTC. ``cancelled``: from ``charge_start`` on the subscription holds nothing, and
    ``quantity`` (never negative) is what it had held.
    """

    row: int
    subscription_id: str
    customer_ref: str
    customer_name: str
    sku: str
    quantity: Decimal
    charge_start: date
    charge_end: date
    charge_type: str = ""
    cancelled: bool = False
    product: ProductHint | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """Why a row can't be taken. ``row`` counts as a spreadsheet does, header 1; in JSON, the lines."""

    row: int | None
    field: str | None
    reason: str


@dataclass(slots=True)
class UsageFile:
    """A file that could be read. With anything in ``refused`` nothing of it may be stored.

    Microsoft's file has ``subscriptions`` and no ``rows``: which of them count in a cycle depends on the
    files of other cycles too, see ``effective_usage``. ``currencies`` maps each currency to the first row
    that uses it. ``skipped`` names rows that are right but say nothing about units.
    """

    format: Format
    source: str
    counted_at: datetime | None = None
    rows: list[UsageRow] = field(default_factory=list)
    subscriptions: list[SubscriptionRow] = field(default_factory=list)
    products: dict[str, ProductHint] = field(default_factory=dict)
    currencies: dict[str, int] = field(default_factory=dict)
    refused: list[RefusedRow] = field(default_factory=list)
    skipped: list[RefusedRow] = field(default_factory=list)

    @property
    def takes_microsofts_name(self) -> bool:
        """Whether it says that it comes from Microsoft, in whatever case, without being Microsoft's file."""
        return self.format != MICROSOFT and self.source.casefold() == MICROSOFT
