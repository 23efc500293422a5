"""A feature engineering job at a glance: the features, the SQL, the validation, what is next."""

import shlex
from collections.abc import Sequence
from typing import Any

from automl_magics.contracts.features import (
    FeatureEngineeringJob,
    FeatureEngineeringStatus,
    LabelType,
    proposal_of,
)
from automl_magics.displays.view import MAGIC, View, render
from automl_magics.displays.wording import age, columns

HEADER = ("feature", "of", "type", "expression")
_LONG = 90
_SHOWN_CLASSES = 6


class ProposalList(View, Sequence[FeatureEngineeringJob]):
    """Feature engineering jobs, newest first."""

    header = ("table", "id", "status", "features", "rows", "created")

    def __init__(self, jobs: Sequence[FeatureEngineeringJob], total: int) -> None:
        self.jobs, self.total = jobs, total

    def text(self, command: str = MAGIC) -> str:
        """Return the jobs in columns."""
        if not self.jobs:
            start = f"{command} features propose TABLE --tables A,B --grain COLUMN --label COLUMN"
            return f"No feature engineering jobs. Start one: {start}"
        return columns(self._rows(), self.header)

    def html(self) -> str:
        """Return the jobs as a table."""
        return render("table.html", header=self.header, rows=self._rows(), note="")

    def data(self) -> list[dict[str, Any]]:
        """Return the proposals as published."""
        return [proposal_of(job).model_dump(mode="json") for job in self.jobs]

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, place: Any) -> Any:
        return self.jobs[place]

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                job.target_table_name,
                job.job_id.hex[:8],
                str(job.status),
                str(len(job.recipe.features)) if job.recipe else "-",
                str(_rows(job) or "-"),
                age(job.created_at),
            )
            for job in self.jobs
        ]


def proposal_text(job: FeatureEngineeringJob, command: str = MAGIC) -> str:
    """Return a proposal as text: facts, features, warnings, what is next."""
    lines = [f"{job.target_table_name}  {job.status}  {job.job_id}"]
    lines += [f"  {name:<9} {value}" for name, value in _facts(job)]
    if job.validation is not None:
        lines += [f"  {'warning':<9} {warning}" for warning in job.validation.warnings]
    if job.recipe is not None:
        lines += ["", columns(_features(job), HEADER), ""]
    lines += [f"  {'next':<9} {'   '.join(next_steps(job, command))}"]
    return "\n".join(lines)


def proposal_html(job: FeatureEngineeringJob, *, with_features: bool = True) -> str:
    """Return a proposal as a card that follows the light or dark theme."""
    return render(
        "proposal.html",
        job=job,
        facts=[fact for fact in _facts(job) if fact[0] != "error"],
        header=HEADER,
        rows=_features(job) if with_features else [],
        fraction=job.progress.fraction if job.progress else None,
        warnings=job.validation.warnings if job.validation else [],
        next_steps=next_steps(job),
    )


def next_steps(job: FeatureEngineeringJob, command: str = MAGIC) -> list[str]:
    """Return what one would do now, as things to type."""
    name = shlex.quote(job.target_table_name)
    steps = {
        FeatureEngineeringStatus.PENDING_APPROVAL: [
            f"features approve {name} --train",
            *([f"features review {name}"] if command == MAGIC else []),
            f"features edit {name} --remove FEATURE",
        ],
        FeatureEngineeringStatus.FAILED: [f"features retry {name}", f"features logs {name}"],
        FeatureEngineeringStatus.COMPLETE: [
            f"train {name} --label {shlex.quote(job.request.label.name)}",
            f"features apply {name}",
        ],
    }
    return [f"{command} {step}" for step in steps.get(job.status, [f"features show {name}"])]


def _facts(job: FeatureEngineeringJob) -> list[tuple[str, str]]:
    known = [
        ("error", job.error or ""),
        ("step", _step(job)),
        ("grain", ", ".join(job.request.entity_grain)),
        ("label", _label(job)),
        ("moment", _moment(job)),
        ("tables", ", ".join(job.plan.sources.values() if job.plan else job.request.source_tables)),
        ("rows", f"{rows:,}" if (rows := _rows(job)) is not None else ""),
        ("classes", _distribution(job)),
        ("mostly empty", _nulls(job)),
        ("notes", (job.recipe.notes if job.recipe else None) or ""),
        ("training", str(job.training_job_id or "")),
    ]
    return [(name, value) for name, value in known if value]


def _step(job: FeatureEngineeringJob) -> str:
    if job.progress is None or not job.status.is_at_work:
        return ""
    share = job.progress.fraction
    return job.progress.step if share is None else f"{job.progress.step} {share:.0%}"


def _label(job: FeatureEngineeringJob) -> str:
    label = job.recipe.label if job.recipe else job.request.label
    if label.type is LabelType.NONE:
        return ""
    return f"{label.name} = {label.column or label.derivation} ({label.type})"


def _moment(job: FeatureEngineeringJob) -> str:
    if job.request.time_column is not None:
        return f"each row's {job.request.time_column}"
    return f"{job.request.cutoff:%Y-%m-%d %H:%M}" if job.request.cutoff else ""


def _rows(job: FeatureEngineeringJob) -> int | None:
    estimated = job.validation.estimated_row_count if job.validation else None
    return job.training_rows if job.training_rows is not None else estimated


def _distribution(job: FeatureEngineeringJob) -> str:
    found = job.validation.label_distribution if job.validation else {}
    shown = list(found.items())[:_SHOWN_CLASSES]
    more = ", …" if len(found) > len(shown) else ""
    return ", ".join(f"{name}: {value}" for name, value in shown) + more


def _nulls(job: FeatureEngineeringJob) -> str:
    found = job.validation.high_null_columns if job.validation else {}
    return f"{len(found)} features, e.g. {next(iter(found))}" if found else ""


def _features(job: FeatureEngineeringJob) -> list[tuple[str, ...]]:
    found = job.recipe.features if job.recipe else []
    return [
        (one.name, one.source_table, one.data_type, _shortened(one.expression)) for one in found
    ]


def _shortened(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONG else f"{flat[: _LONG - 1]}…"
