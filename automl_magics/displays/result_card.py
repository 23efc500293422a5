"""A finished job: what its model is worth, what it looks at, and where the seconds went."""

from collections.abc import Iterator

from markupsafe import Markup

from automl_magics.contracts.training import TrainingJob, TrainingResult
from automl_magics.displays import charts
from automl_magics.displays.charts_of_texts import distinct
from automl_magics.displays.job_card import facts, next_steps
from automl_magics.displays.tables import Leaderboard
from automl_magics.displays.view import MAGIC, render
from automl_magics.displays.wording import columns, duration, score

TEXT_MODELS = 3
CARD_MODELS = 5
"""How many models are shown unfolded."""

MARK = " ≈"
TIED = "≈ these rows cannot tell it from the best"

Section = tuple[str, list[tuple[str, str]], list[tuple[str, Markup]]]

_FEATURES = 5
_ITEMS = 4
_GRAMS = 3


def result_text(
    job: TrainingJob, result: TrainingResult, *, deployed_as: str = "", command: str = MAGIC
) -> str:
    """Return a finished job as text: facts, figures, the first models, what is next.

    Parameters
    ----------
    deployed_as
        Name and version under which the model answers; empty when it does not.
    """
    lines = [f"{job.name}  {job.status}  {job.job_id}"]
    known = [*_facts(job, deployed_as), *_figures(result)]
    lines += [f"  {what:<9} {value}" for what, value in known]
    lines += [f"  {'next':<9} {'   '.join(next_steps(job, command))}"]
    if result.leaderboard:
        header, rows = _models(result)
        lines += ["", columns(rows[:TEXT_MODELS], header)]
        if (more := len(rows) - TEXT_MODELS) > 0:
            lines.append(f"and {more} more")
    return "\n".join(lines)


def result_html(job: TrainingJob, result: TrainingResult, *, deployed_as: str = "") -> str:
    """Return a finished job as a card whose charts are SVG; all but the essence is folded."""
    header, rows = _models(result)
    return render(
        "result_card.html",
        job=job,
        facts=[fact for fact in _facts(job, deployed_as) if fact[0] not in ("error", "warning")],
        warnings=result.warnings,
        header=header,
        rows=rows[:CARD_MODELS],
        more_rows=rows[CARD_MODELS:],
        note=TIED if any(MARK in row[3] for row in rows) else "",
        sections=list(_sections(result)),
        next_steps=next_steps(job),
    )


def _sections(result: TrainingResult) -> Iterator[Section]:
    """Yield what a reader may unfold: title, figures by name, drawings by name."""
    scores = [(name, score(value)) for name, value in result.test_scores.items()]
    for title, figures, found in (
        ("On rows not learned from", scores, charts.charts_of_quality(result)),
        ("Features", [], charts.charts_of_importance(result)),
        ("Search", [], charts.charts_of_search(result)),
    ):
        drawn = [(name, Markup(charts.svg(chart))) for name, chart in found.items()]  # noqa: S704
        if figures or drawn:
            yield title, figures, drawn


def _facts(job: TrainingJob, deployed_as: str) -> list[tuple[str, str]]:
    known = facts(job)
    return [*known, ("deployed", deployed_as)] if deployed_as else known


def _figures(result: TrainingResult) -> list[tuple[str, str]]:
    others = [
        f"{name} {score(value)}"
        for name, value in result.test_scores.items()
        if name != result.metric
    ]
    importance = result.permutation_importance or result.feature_importance
    features = [f"{name} {score(value)}" for name, value in importance.items()]
    ledger = sorted(result.ledger, key=lambda entry: -entry.seconds)
    spent = [f"{entry.item} {duration(entry.seconds)}" for entry in ledger]
    terms = result.curves.get("terms", {}).values()
    known = [
        ("test", ", ".join(others)),
        ("features", _first(features, _FEATURES)),
        *(("n-grams", _telling(found)) for found in terms),
        ("spent on", _first(spent, _ITEMS)),
    ]
    return [(what, value) for what, value in known if value]


def _telling(terms: dict[str, list[tuple[str, float]]]) -> str:
    """Return the n-grams of a column that speak most for each class, e.g. ``good: fine, nice``."""
    told = [
        f"{' '.join(name.split())}: {', '.join(term for term, _ in distinct(found)[:_GRAMS])}"
        for name, found in terms.items()
        if found
    ]
    return "; ".join(told[:_ITEMS]) + ("; …" if len(told) > _ITEMS else "")


def _first(parts: list[str], count: int) -> str:
    return ", ".join(parts[:count]) + (", …" if len(parts) > count else "")


def _models(result: TrainingResult) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the leaderboard with the one metric that was optimized."""
    ranking = Leaderboard(result.leaderboard, result.metric)
    rows: list[tuple[str, ...]] = [
        (
            str(row.rank),
            row.candidate,
            str(row.algorithm),
            f"{score(row.score)}{MARK if row.tied and not row.is_best else ''}",
            f"{row.weight:.0%}" if row.weight else "-",
            f"{row.seconds:.1f}",
        )
        for row in ranking.rows
    ]
    return ("rank", "candidate", "algorithm", result.metric, "share", "seconds"), rows
