"""The diagram in the documents and the page's stepper."""

from pathlib import Path

import pytest

from workflows.drawing import main, with_diagram
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


@pytest.mark.parametrize("document", ["no place for it", "<!-- diagram: begin -->\nno end"])
def test_a_document_without_both_markers_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match="diagram: begin"):
        with_diagram(document)


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["usage_report", *arguments])
    main()


def test_the_command_prints_the_diagram(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    run_main(monkeypatch)
    assert capsys.readouterr().out == mermaid()


def test_the_command_renews_the_diagram_of_a_document(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = tmp_path / "workflow.md"
    document.write_text(with_diagram(DOCUMENT.read_text("utf-8")).replace("approved", "lost"), "utf-8")
    run_main(monkeypatch, "--write", str(document))
    assert mermaid() in document.read_text("utf-8")


def test_the_command_says_how_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="usage: "):
        run_main(monkeypatch, "--wipe", "docs")


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
