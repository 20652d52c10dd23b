"""Pictures of the table of steps: the documents' state diagram and the page's stepper."""

import sys
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from workflows.steps import EDGES, RULES
from workflows.vocabulary import Status, Step

BEGIN, END = "<!-- diagram: begin -->", "<!-- diagram: end -->"

# The way of a report on which nothing goes wrong; what else a decision can lead to forks off it.
MAIN_PATH = (Step.OPEN, Step.SUBMIT, Step.APPROVE)
FORK = Step.REJECT


class Progress(StrEnum):
    """How a stage relates to where the report stands; ``ASIDE``: the outcome that was not taken."""

    DONE = "done"
    CURRENT = "current"
    AHEAD = "ahead"
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class Stage:
    """One status in the stepper, ``step`` being the step that leads to it."""

    status: Status
    label: str
    step: Step
    progress: Progress


@dataclass(frozen=True, slots=True)
class Stepper:
    """``path``: the stages every report passes, in order. ``outcomes``: the fork at its end."""

    path: tuple[Stage, ...]
    outcomes: tuple[Stage, ...]


def mermaid() -> str:
    """The state diagram of the whole table, as Mermaid text ending in a line break."""
    labels: dict[tuple[Status, Status], list[str]] = defaultdict(list)
    for step, source, target in EDGES:
        labels[source, target].append(step.value)
    statuses = (status for status in Status if status is not Status.NOT_OPENED)
    names = [f'    state "{status.label}" as {status.value}' for status in statuses]
    edges = [f"    {_node(a)} --> {_node(b)}: {', '.join(steps)}" for (a, b), steps in labels.items()]
    return "\n".join(["stateDiagram-v2", *names, *edges, ""])


def stepper(status: Status) -> Stepper:
    """The stages to draw for a report that stands at ``status``."""
    stages = [_stage(step) for step in MAIN_PATH]
    path, approved = stages[:-1], stages[-1]
    rejected = _stage(FORK)
    decided = status in (approved[0], rejected[0])
    passed = len(path) if decided else _position(path, status)
    return Stepper(
        tuple(Stage(s, s.label, step, _progress(i, passed)) for i, (s, step) in enumerate(path)),
        tuple(Stage(s, s.label, step, _outcome(s, status, decided)) for s, step in (approved, rejected)),
    )


def with_diagram(document: str) -> str:
    """The document with the diagram between its markers replaced by the present one.

    Raises ValueError when the document has no markers.
    """
    before, begin, rest = document.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n```mermaid\n{mermaid()}```\n{END}{after}"


def main() -> None:
    """Print the diagram, or with ``--write FILE`` renew it inside a document."""
    match sys.argv[1:]:
        case []:
            sys.stdout.write(mermaid())
        case ["--write", name]:
            document = Path(name)
            document.write_text(with_diagram(document.read_text("utf-8")), "utf-8")
        case _:
            sys.exit("usage: python -m workflows.usage_report [--write FILE]")


def _node(status: Status) -> str:
    return "[*]" if status is Status.NOT_OPENED else status.value


def _stage(step: Step) -> tuple[Status, Step]:
    target = RULES[step].target
    if target is None:
        raise ValueError(f"{step} leads to no status of its own")
    return target, step


def _position(path: list[tuple[Status, Step]], status: Status) -> int:
    return next((i for i, (stage, _) in enumerate(path) if stage is status), -1)


def _progress(index: int, position: int) -> Progress:
    if index == position:
        return Progress.CURRENT
    return Progress.DONE if index < position else Progress.AHEAD


def _outcome(stage: Status, status: Status, decided: bool) -> Progress:
    if stage is status:
        return Progress.CURRENT
    # A rejected report may still be approved; an approved one was not rejected.
    return Progress.ASIDE if decided and stage is Status.REJECTED else Progress.AHEAD
