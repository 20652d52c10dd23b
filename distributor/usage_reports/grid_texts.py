"""The words of the report grid's scripts, in the reader's language: js/grid/texts.js reads them from the form.

"{name}" stands for what the script fills in. A text that counts is a pair of forms, for one thing and for several.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from flask.json import dumps
from flask_babel import get_locale, gettext, ngettext

N = "{n}"
Forms = dict[str, str]


def texts() -> str:
    """The words as JSON."""
    return _texts(str(get_locale()))


@lru_cache(maxsize=16)
def _texts(_locale: str) -> str:
    return dumps({**_lines(), **_saving(), **_meeting(), **_pasting(), **_selecting(), **_idle()})


def _forms(of: Callable[[int], str]) -> Forms:
    return {"one": of(1), "other": of(2)}


def _lines() -> dict[str, object]:
    """How lines, groups and the whole report stand."""
    return {
        "needComments": _forms(lambda n: ngettext("Submit needs %(n)s comment", "Submit needs %(n)s comments", n, n=N)),
        "needFigures": _forms(lambda n: ngettext("Submit needs %(n)s figure", "Submit needs %(n)s figures", n, n=N)),
        "foldedLines": _forms(lambda n: ngettext(
            "%(n)s line that agrees, %(amount)s", "%(n)s lines that agree, %(amount)s", n, n=N, amount="{amount}"
        )),
        "lines": _forms(lambda n: ngettext("%(n)s line", "%(n)s lines", n, n=N)),
        "groupNeeds": _forms(lambda n: ngettext("%(n)s needs a comment", "%(n)s need a comment", n, n=N)),
        "groupExplained": _forms(lambda n: ngettext("%(n)s explained", "%(n)s explained", n, n=N)),
        "found": _forms(lambda n: ngettext("%(n)s line shown", "%(n)s lines shown", n, n=N)),
        "ready": gettext("Ready to submit"),
        "why": gettext("Why %(units)s and not %(provisioned)s?", units="{units}", provisioned="{provisioned}"),
        "whyUnknown": gettext("How were these units counted?"),
        "answerNote": gettext("Answer the note or change the figure"),
        "unexplained": gettext("%(amount)s if unexplained", amount="{amount}"),
        "readyLines": gettext("%(ready)s of %(all)s lines are ready to submit", ready="{ready}", all="{all}"),
        "againstProvisioned": gettext("%(difference)s against provisioned", difference="{difference}"),
        "amountUnexplained": gettext("%(amount)s unexplained", amount="{amount}"),
        "allExplained": gettext("every discrepancy is explained"),
        "stateNeed": gettext("comment needed"),
        "stateExplained": gettext("explained"),
        "stateTolerance": gettext("within tolerance"),
        "stateMissing": gettext("figure needed"),
        "until": gettext("until %(date)s", date="{day}"),
        "noneMissing": gettext("No comment is missing."),
        "notANumber": gettext("Write a number of units, such as 40."),
        "tooPrecise": gettext("This product is counted with at most %(n)s decimals.", n=N),
        "tooLarge": gettext("At most 999,999,999 units."),
        "ambiguous": gettext(
            "This can be read as %(a)s or as %(b)s. Write it without separators between thousands.", a="{a}", b="{b}"
        ),
        "empty": gettext("Write a number of units, 0 where nothing is charged."),
        "restMissing": gettext("Not all lines could be loaded. Reload the page to see them."),
        "show": gettext("Show"),
        "reload": gettext("Reload"),
    }  # fmt: skip


def _saving() -> dict[str, object]:
    """How far the draft is."""
    return {
        "unsaved": _forms(lambda n: ngettext("%(n)s unsaved change", "%(n)s unsaved changes", n, n=N)),
        "allSaved": gettext("All changes are saved"),
        "saving": gettext("Saving …"),
        "saved": gettext("Draft saved."),
        "savedAt": gettext("Saved at %(time)s", time="{time}"),
        "undone": gettext("Undone."),
        "offline": _forms(lambda n: ngettext(
            "No connection: your change is kept in this browser, next attempt in %(seconds)s s",
            "No connection: your %(n)s changes are kept in this browser, next attempt in %(seconds)s s",
            n, n=N, seconds="{seconds}",
        )),
        "away": gettext("The server did not answer. Nothing is lost: try again in a moment."),
        "sessionOver": _forms(lambda n: ngettext(
            "Your session has ended. Your change is kept in this browser: sign in, and put it back.",
            "Your session has ended. Your %(n)s changes are kept in this browser: sign in, and put them back.",
            n, n=N,
        )),
        "signIn": gettext("Sign in and come back"),
        "locked": _forms(lambda n: ngettext(
            "%(why)s Your change is kept here. Reload to compare.",
            "%(why)s Your %(n)s changes are kept here. Reload to compare.", n, n=N, why="{why}",
        )),
        "lockedWhy": gettext("The report can no longer be edited."),
        "refused": gettext("The draft was not saved. Nothing is lost: correct the marked lines and save again."),
        "refusedBecause": gettext(
            "The draft was not saved: %(reason)s Nothing is lost: correct the marked lines.", reason="{reason}"
        ),
        "correct": gettext("Correct the marked figures first."),
    }  # fmt: skip


def _meeting() -> dict[str, object]:
    """Two people on one report, and changes of an earlier visit."""
    return {
        "stale": _forms(lambda n: ngettext(
            "%(n)s line was changed by somebody else meanwhile. Your figure is still here; choose one.",
            "%(n)s lines were changed by somebody else meanwhile. Your figures are still here; choose for each.",
            n, n=N,
        )),
        "theirs": gettext("Now saved: %(units)s, “%(comment)s”.", units="{units}", comment="{comment}"),
        "noComment": gettext("no comment"),
        "keptMine": gettext("Your figure stays; it is saved next."),
        "tookTheirs": gettext("The saved figure was taken over."),
        "kept": _forms(lambda n: ngettext(
            "%(n)s change that was not saved is still here.", "%(n)s changes that were not saved are still here.",
            n, n=N,
        )),
        "keptFixed": _forms(lambda n: ngettext(
            "%(n)s change that was not saved is still here, beside its line. This report cannot be edited now.",
            "%(n)s changes that were not saved are still here, beside their lines. This report cannot be edited now.",
            n, n=N,
        )),
        "putBack": gettext("Put them back"),
        "throwAway": gettext("Throw away"),
        "thrownAway": gettext("Thrown away: the page shows what is saved."),
        "broughtBack": _forms(lambda n: ngettext(
            "%(n)s change that was not saved yet is back.", "%(n)s changes that were not saved yet are back.", n, n=N
        )),
        "hadTyped": gettext("You had typed %(units)s, “%(comment)s”.", units="{units}", comment="{comment}"),
    }  # fmt: skip


def _pasting() -> dict[str, object]:
    return {
        "pasted": _forms(lambda n: ngettext("%(n)s value pasted.", "%(n)s values pasted.", n, n=N)),
        "pasteRefused": _forms(lambda n: ngettext(
            "%(n)s value does not fit as a number of units and was left out.",
            "%(n)s values do not fit as numbers of units and were left out.", n, n=N,
        )),
        "pasteLong": _forms(lambda n: ngettext(
            "%(n)s comment is longer than 2,000 characters and was left out.",
            "%(n)s comments are longer than 2,000 characters and were left out.", n, n=N,
        )),
        "pasteColumns": _forms(lambda n: ngettext(
            "%(n)s column has no place here and was left out.", "%(n)s columns have no place here and were left out.",
            n, n=N,
        )),
        "pasteOver": _forms(lambda n: ngettext(
            "%(n)s row had no line left.", "%(n)s rows had no line left.", n, n=N
        )),
    }  # fmt: skip


def _selecting() -> dict[str, object]:
    return {
        "selected": _forms(lambda n: ngettext("%(n)s line selected", "%(n)s lines selected", n, n=N)),
        "selectionCleared": gettext("No line is selected."),
        "commented": _forms(lambda n: ngettext(
            "Comment written on %(n)s line.", "Comment written on %(n)s lines.", n, n=N
        )),
        "filled": _forms(lambda n: ngettext("%(n)s line filled.", "%(n)s lines filled.", n, n=N)),
        "copied": _forms(lambda n: ngettext("%(n)s line copied as a table.", "%(n)s lines copied as a table.", n, n=N)),
        "columns": [
            gettext("Customer"), gettext("Product"), gettext("SKU"), gettext("Provisioned"), gettext("Used"),
            gettext("Chargeable"), gettext("Difference"), gettext("Amount"), gettext("Comment"),
        ],
    }  # fmt: skip


def _idle() -> dict[str, object]:
    return {
        "more": _forms(lambda n: ngettext("and %(n)s more line", "and %(n)s more lines", n, n=N)),
        "riskTotal": gettext(
            "Total %(symbol)s %(total)s → %(after)s", symbol="{symbol}", total="{total}", after="{after}"
        ),
        "left": gettext("%(time)s left", time="{time}"),
        "dueNow": gettext("due now"),
        "day": gettext("d"), "hour": gettext("h"), "minute": gettext("min"),
    }  # fmt: skip
