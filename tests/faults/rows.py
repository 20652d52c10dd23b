"""Usage files that are too much."""

CSV_HEADER = b"customer_ref,customer_name,sku,provisioned_units\n"
SIX_MEGABYTES = CSV_HEADER + b"x" * (6 * 1024 * 1024)


def too_many_rows(count: int = 20_001) -> bytes:
    """Our own layout with this many rows of customers and products of their own."""
    return CSV_HEADER + b"".join(b"c%d,C%d,S,1\n" % (number, number) for number in range(count))
