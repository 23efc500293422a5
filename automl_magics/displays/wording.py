"""Durations, ages, scores and counts as people read them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from automl_magics.contracts.training import TrainingJob


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``12 s``, ``3 min 05 s`` or ``2 h 10 min``."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left:02} min" if hours else f"{minutes} min {rest:02} s"


def age(moment: datetime) -> str:
    """Return how long ago a moment was, e.g. ``5 min ago``."""
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit} ago"
    return "just now"


def score(value: float | None) -> str:
    """Return a metric with four significant digits, or a dash."""
    return "-" if value is None else f"{value:#.4g}".rstrip(".")


def words(term: str) -> str:
    """Return an enum's value as words: ``binary classification``."""
    return term.replace("_", " ")


def elapsed(job: TrainingJob) -> float | None:
    """Return the seconds from a job's start to its end or to now; None before the start."""
    if job.started_at is None:
        return None
    return ((job.finished_at or datetime.now(UTC)) - job.started_at).total_seconds()


def columns(rows: Sequence[Sequence[str]], header: Sequence[str]) -> str:
    """Return rows as text in columns two spaces apart, numbers to the right."""
    table = [list(header), *(list(row) for row in rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(header))]
    right = [all(_is_number(row[place]) for row in rows) for place in range(len(header))]
    lines = (
        "  ".join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in table
    )
    return "\n".join(lines)


def _is_number(text: str) -> bool:
    return text.replace(".", "").replace("-", "").isdigit() or text == "-"
