"""A job at a glance: state, progress, data, best model, what went wrong and what to do next."""

import shlex

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.training import TrainingJob
from automl_magics.displays.view import MAGIC, render
from automl_magics.displays.wording import duration, elapsed, score, words

SEPARATOR = " · "
"""Between the parts of a line that is shown in HTML too, where spaces are one."""

ENDING = "what it has found is being registered"
"""Of a job that was stopped a moment ago."""


def job_text(job: TrainingJob, command: str = MAGIC) -> str:
    """Return a job as a few lines of text."""
    lines = [f"{job.name}  {job.status}  {job.job_id}"]
    lines += [f"  {name:<9} {value}" for name, value in facts(job)]
    lines += [f"  {'next':<9} {'   '.join(next_steps(job, command))}"]
    return "\n".join(lines)


def job_html(job: TrainingJob) -> str:
    """Return a job as a card that follows the light or dark theme."""
    return render(
        "job_card.html",
        job=job,
        facts=[fact for fact in facts(job) if fact[0] != "error"],
        progress=job.progress if job.status is JobStatus.RUNNING else None,
        next_steps=next_steps(job),
    )


def facts(job: TrainingJob) -> list[tuple[str, str]]:
    """Return what is known of a job, as (what, value) pairs worth showing in its state."""
    known = [
        ("error", job.error_message or ""),
        ("predicts", _target(job)),
        ("data", _data(job)),
        ("best", _best(job)),
        ("model", job.model_uri or (ENDING if job.is_ending else "")),
        ("progress", progress_line(job) if job.status is JobStatus.RUNNING else ""),
        ("warning", "  ".join(job.result.warnings) if job.result else ""),
        ("took" if job.status.is_terminal else "running", _took(job)),
    ]
    return [(what, value) for what, value in known if value]


def next_steps(job: TrainingJob, command: str = MAGIC) -> list[str]:
    """Return what one would do now, as things to type."""
    name = shlex.quote(job.name)
    steps = {
        JobStatus.READY: [f"trigger {name}"],
        JobStatus.QUEUED: [f"watch {name}"],
        JobStatus.RUNNING: [f"watch {name}", f"stop {name}"],
        JobStatus.COMPLETE: [
            f"leaderboard {name}",
            f"predict {name} SOURCE",
            f"deploy {name}",
            *([f"extend {name} --time-limit 60"] if job.executor is ExecutorName.KERNEL else []),
        ],
        JobStatus.FAILED: [f"logs {name}"],
        JobStatus.STOPPED: [f"logs {name}"],
    }
    of_a_model = job.status is JobStatus.STOPPED and job.has_model
    status = JobStatus.COMPLETE if of_a_model else job.status
    return [f"{command} {step}" for step in steps[status]]


def progress_line(job: TrainingJob, *, brief: bool = False) -> str:
    """Return how far a job is: ``training · 12 of 30 s · 3 of 5 trials · best roc_auc 0.91``.

    The best candidate's name follows unless it is to be ``brief``.
    """
    progress = job.progress
    if progress is None:
        return str(job.status)
    parts = [str(progress.phase)]
    if progress.time_limit:
        parts.append(f"{progress.elapsed:.0f} of {progress.time_limit:.0f} s")
    if progress.trials_planned:
        parts.append(f"{progress.trials_done} of {progress.trials_planned} trials")
    elif progress.trials_done:
        parts.append(f"{progress.trials_done} trials")
    if progress.best_score is not None:
        candidate = "" if brief else f" ({progress.best_candidate})"
        parts.append(f"best {progress.metric} {score(progress.best_score)}{candidate}")
    return SEPARATOR.join(parts)


def _target(job: TrainingJob) -> str:
    label = job.request.label_column
    problem = words(job.problem_type)
    return f"{label} ({problem})" if label else problem


def _data(job: TrainingJob) -> str:
    source = " ".join(job.source_table.split())
    shown = source if len(source) <= 60 else f"{source[:59]}…"
    if job.snapshot is None:
        return shown
    return f"{job.snapshot.rows:,} rows × {job.snapshot.columns} columns from {shown}"  # noqa: RUF001


def _best(job: TrainingJob) -> str:
    result = job.result
    if result is None:
        return ""
    scores = f"{result.metric} {score(result.validation_score)} validation"
    if result.test_score is not None:
        scores += f", {score(result.test_score)} test"
    if result.test_score_interval is not None:
        low, high = result.test_score_interval
        scores += f" (95%: {score(low)} to {score(high)})"
    return f"{result.best_candidate}: {scores}"


def _took(job: TrainingJob) -> str:
    seconds = elapsed(job)
    return "" if seconds is None else duration(seconds)
