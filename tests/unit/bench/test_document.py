"""The benchmarks' document keeps the parts that were not measured again."""

from pathlib import Path

from tests.bench.document import ratio, table, write

ORDER = ["copy", "apps"]


def test_a_part_takes_its_place_and_leaves_the_others(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    write("## Apps\n\n| a |\n", "apps", ORDER, document)
    write("## Copy\n", "copy", ORDER, document)
    write("## Apps again\n", "apps", ORDER, document)
    text = document.read_text()
    assert text.startswith("# Benchmarks\n")
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Copy", "## Apps again"]


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    write("## Copy\n\ntext\n", "copy", ORDER, document)
    before = document.read_text()
    write("## Copy\n\ntext\n", "copy", ORDER, document)
    assert document.read_text() == before


def test_what_an_older_benchmark_wrote_goes(tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("# Benchmarks\n\n## Old\n")
    write("## Copy\n", "copy", ORDER, document)
    assert "Old" not in document.read_text()


def test_tables_are_markdown() -> None:
    assert table(["what", "s"], [["run", "1.0"]]) == "| what | s |\n| --- | --- |\n| run | 1.0 |"


def test_nothing_has_no_ratio() -> None:
    assert ratio(3, 2) == "1.5"
    assert ratio(3, 0) == ""
