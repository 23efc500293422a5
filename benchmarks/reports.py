"""A benchmark's figures as a file of its own, with what they were measured on."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

RESULTS = Path(__file__).parent / "results"


def write(name: str, title: str, tables: list[pd.DataFrame], notes: list[str]) -> Path:
    """Write ``results/NAME-DATE.md``: the command, the machine's load, tables and notes."""
    day = datetime.now(UTC).strftime("%Y-%m-%d")
    places = {"--environments", *(one for one in sys.argv[2:] if "/" in one)}
    asked = " ".join(["DATA", *(one for one in sys.argv[2:] if one not in places)])
    cores, load = os.cpu_count(), os.getloadavg()[2]
    head = (
        f"# {title}, {day}\n\n`python benchmarks/{Path(sys.argv[0]).name} {asked}`; {cores} cores,"
        f" {load:.1f} processes at work on average in the last quarter of an hour, our own too."
    )
    path = RESULTS / f"{name}-{day}.md"
    path.write_text("\n\n".join([head, *map(markdown, tables), *notes]) + "\n")
    return path


def markdown(table: pd.DataFrame) -> str:
    """Return a table's columns; numbers with four digits."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|---" * len(table.columns) + "|"]
    for row in table.itertuples(index=False):
        cells = [f"{cell:.4g}" if isinstance(cell, float) else str(cell) for cell in row]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
