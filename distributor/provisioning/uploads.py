"""A usage file that somebody sent, read for an account's cycle: what pages and API share."""

from __future__ import annotations

from distributor.accounts.queries import AccountRow
from distributor.errors import FieldError, InputRefused
from distributor.provisioning.formats import UnreadableFile, UsageFile, read_usage
from distributor.saying import said
from distributor.words import on_a_line
from workflows.report_cycle import Cycle, bounds

LONGEST_NAME = 255


def read_upload(
    account: AccountRow, cycle: Cycle, content: bytes, *, name: str | None, file_format: str | None = None
) -> UsageFile:
    """The file's usage. Raises InputRefused where the file as a whole cannot be read."""
    starts_on, ends_on = bounds(cycle, account.closing_day)
    try:
        return read_usage(content, name=name, cycle=cycle, starts_on=starts_on, ends_on=ends_on, format=file_format)
    except UnreadableFile as error:
        why = said(error.message)
        raise InputRefused(why, [FieldError(why, error.field)]) from error


def file_name(given: str | None) -> str | None:
    """The last part of the name a browser sent, without its folders."""
    return on_a_line((given or "").replace("\\", "/").rpartition("/")[2])[-LONGEST_NAME:] or None
