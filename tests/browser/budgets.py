"""The tables of docs/pages.md that tests measure: what the journeys of people cost, and how long each page takes."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def write_budgets(measured: dict[str, tuple[str, str, str]]) -> None:
    """The table of docs/pages.md. Rows that this run has not measured stay."""
    page = ROOT / "docs" / "pages.md"
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition("<!-- budgets -->\n")
    table, end, tail = rest.partition("<!-- end -->")
    rows = {line.partition(" | measured")[0]: line for line in table.splitlines()[2:]}
    rows = {" | ".join(line.strip("| ").split(" | ")[:3]): line for line in rows.values()}
    for journey, what, found in measured.values():
        rows[f"{journey} | {what}"] = f"| {journey} | {what} | {found} |"
    ordered = sorted(rows.values(), key=lambda line: (int(line.split("|")[1].strip()[1:]), line))
    made = "\n".join(["| | journey | budget | measured |", "|---|---|---|---|", *ordered])
    page.write_text(f"{head}<!-- budgets -->\n{made}\n{end}{tail}", encoding="utf-8")


def write_table(mark: str, lines: list[str]) -> None:
    """A whole table of docs/pages.md, between its marks."""
    page = ROOT / "docs" / "pages.md"
    head, begin, rest = page.read_text(encoding="utf-8").partition(f"<!-- {mark} -->\n")
    _, end, tail = rest.partition("<!-- end -->")
    assert begin and end, f"there is no table {mark}"
    page.write_text("\n".join([f"{head}{begin}" + lines[0], *lines[1:], f"{end}{tail}"]), encoding="utf-8")
