"""Whatever the bytes are: a usage file or one clear refusal, nothing else."""

import json

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from distributor.provisioning.formats import Limits, UnreadableFile, csv_template
from distributor.provisioning.formats.microsoft import OPTIONAL, REQUIRED
from tests.distributor.provisioning.formats.builders import HEADER, raw_workbook, read, text_row

SMALL = Limits(max_bytes=200_000, max_rows=50, max_columns=20, max_inflated=400_000)
ANY_NUMBER = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])

CELLS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["", "1", "0E-20", "1.234", "1,5", "-1", "NaN", "2026-04-01T00:00:00Z", "=1", '"', "\0", "\r", "1E+999999"]
    ),
)
GOOD_SHEET = f"<sheetData>{text_row(1, *HEADER)}{text_row(2, 'C1', 'Acme', 'EX-1', '4', '')}</sheetData>"
PIECES = st.sampled_from(
    [
        '<c r="A3"><v>1</v></c>',
        '<c r="XFD1048576"><v>1</v></c>',
        "<c><v>1</v></c>",
        '<row r="4">',
        "</row>",
        '<c r="B2" t="e"><v>#N/A</v></c>',
        '<c r="B2" t="d"><v>2026-01-01</v></c>',
        '<c r="B2" t="s"><v>0</v></c>',
        '<c r="B2" s="9999"><v>1e308</v></c>',
        '<c r="B2"><f t="shared" si="0" ref="A1:XFD1048576">A1</f></c>',
        '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>',
        '<dimension ref="A1:XFD1048576"/>',
        "<v>",
        "&#0;",
        "]]>",
        "<is/>",
    ]
)


def is_answered(data: bytes, name: str | None = None) -> bool:
    """Is there a usage file or a refusal in words? Anything else raises."""
    try:
        usage = read(data, name=name, limits=SMALL)
    except UnreadableFile as refused:
        return refused.message[-1] in ".”)"
    return all(row.reason for row in usage.refused)


@ANY_NUMBER
@given(st.binary(max_size=2000), st.one_of(st.none(), st.text(max_size=20)))
@example(b"\xff\xfe", None)
@example(b"\xfe\xff\x00", "x.xlsx")
@example(b"\x00\x00\x00\x00", None)
@example(b"PK\x03\x04", None)
@example(b"PK\x05\x06" + b"\0" * 18, None)
def test_any_bytes_are_answered(data: bytes, name: str | None) -> None:
    assert is_answered(data, name)


@ANY_NUMBER
@given(
    st.sampled_from([HEADER, REQUIRED + OPTIONAL]),
    st.lists(st.lists(CELLS, max_size=24), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-16", "utf-16-be"]),
)
def test_any_cells_below_a_header_are_answered(
    header: tuple[str, ...], rows: list[list[str]], separator: str, encoding: str
) -> None:
    lines = [separator.join(header), *(separator.join(row) for row in rows)]
    assert is_answered("\n".join(lines).encode(encoding, "surrogatepass"))


@ANY_NUMBER
@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists, max_leaves=5),
    st.sampled_from(HEADER),
)
def test_any_value_in_json_is_answered(value: object, field: str) -> None:
    line = dict.fromkeys(HEADER, "1") | {field: value}
    assert is_answered(json.dumps({"lines": [line]}).encode())
    assert is_answered(json.dumps({"lines": [], "source": value, "counted_at": value}).encode())


@ANY_NUMBER
@given(st.lists(PIECES, min_size=1, max_size=4), st.integers(0, len(GOOD_SHEET)))
def test_any_piece_in_a_sheet_is_answered(pieces: list[str], place: int) -> None:
    sheet = GOOD_SHEET[:place] + "".join(pieces) + GOOD_SHEET[place:]
    assert is_answered(raw_workbook(sheet))


@ANY_NUMBER
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=4))
def test_any_damage_to_a_workbook_is_answered(place: int, damage: bytes) -> None:
    good = raw_workbook(GOOD_SHEET)
    assert is_answered(good[:place] + damage + good[place + len(damage) :])
    assert is_answered(good[:place])


@ANY_NUMBER
@given(st.binary(max_size=300))
def test_any_tail_after_a_good_start_is_answered(tail: bytes) -> None:
    assert is_answered(csv_template() + tail)
    assert is_answered(b'{"lines": [' + tail)
