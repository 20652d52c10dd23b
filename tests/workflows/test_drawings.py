"""The diagram in the documents and the page's stepper."""

from pathlib import Path

import pytest

from workflows.drawing import with_diagram
from workflows.usage_report import EDGES, Status, mermaid, stepper

DOCUMENT = Path(__file__).parents[2] / "docs" / "workflow.md"


def test_the_documents_diagram_is_that_of_the_table() -> None:
    text = DOCUMENT.read_text("utf-8")
    assert mermaid() in text
    assert with_diagram(text) == text, "run: python -m workflows.usage_report --write docs/workflow.md"


def test_every_edge_is_drawn() -> None:
    lines = mermaid().splitlines()
    for step, source, target in EDGES:
        start = "[*]" if source is Status.NOT_OPENED else source
        [line] = [line for line in lines if line.startswith(f"    {start} --> {target}: ")]
        assert step in line.split(": ")[1].split(", ")


def test_a_stale_diagram_is_replaced_and_nothing_else() -> None:
    old = "before\n<!-- diagram: begin -->\nold\n<!-- diagram: end -->\nafter\n"
    new = with_diagram(old)
    assert (new.startswith("before\n<!--"), new.endswith("-->\nafter\n"), "old" in new) == (True, True, False)


def test_a_document_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="diagram: begin"):
        with_diagram("no place for it")


@pytest.mark.parametrize(
    ("status", "path", "outcomes"),
    [
        (Status.NOT_OPENED, ["ahead", "ahead"], ["ahead", "ahead"]),
        (Status.MSP_PREPARING, ["current", "ahead"], ["ahead", "ahead"]),
        (Status.UNDER_REVIEW, ["done", "current"], ["ahead", "ahead"]),
        (Status.APPROVED, ["done", "done"], ["current", "aside"]),
        (Status.REJECTED, ["done", "done"], ["ahead", "current"]),
    ],
)
def test_the_stepper_shows_what_is_done_and_what_lies_ahead(
    status: Status, path: list[str], outcomes: list[str]
) -> None:
    drawn = stepper(status)
    assert [stage.label for stage in (*drawn.path, *drawn.outcomes)] == [
        "MSP preparing", "Under review", "Approved", "Rejected",
    ]  # fmt: skip
    assert [stage.progress for stage in drawn.path] == path
    assert [stage.progress for stage in drawn.outcomes] == outcomes
