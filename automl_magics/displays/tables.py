"""Lists of jobs, logs and leaderboards."""

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from automl_magics.contracts.dialects import job_a
from automl_magics.contracts.training import LeaderboardRow, LogLine, TrainingJob, Trial
from automl_magics.displays.view import MAGIC, View, render
from automl_magics.displays.wording import age, columns, duration, elapsed, score, words

if TYPE_CHECKING:
    import pandas as pd


class JobList(View, Sequence[TrainingJob]):
    """Jobs, newest first, with how many there are in all."""

    header = ("name", "id", "status", "predicts", "best", "took", "created")

    def __init__(self, jobs: Sequence[TrainingJob], total: int) -> None:
        self.jobs, self.total = jobs, total

    def text(self, command: str = MAGIC) -> str:
        """Return the jobs in columns."""
        if not self.jobs:
            return f"No jobs. Start one: {command} train SOURCE --label COLUMN"
        return "\n".join(
            part for part in (columns(self._rows(), self.header), self._rest()) if part
        )

    def html(self) -> str:
        """Return the jobs as a table."""
        return render("table.html", header=self.header, rows=self._rows(), note=self._rest())

    def data(self) -> list[dict[str, Any]]:
        """Return the jobs as `AutoMLTrainingJobResponse` documents."""
        return [job_a(job).model_dump(mode="json") for job in self.jobs]

    def __len__(self) -> int:
        return len(self.jobs)

    def __getitem__(self, place: Any) -> Any:
        return self.jobs[place]

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                job.name,
                job.job_id.hex[:8],
                str(job.status),
                f"{job.request.label_column or '-'} ({words(job.problem_type)})",
                f"{job.result.metric} {score(job.result.test_score)}" if job.result else "-",
                "-" if (seconds := elapsed(job)) is None else duration(seconds),
                age(job.created_at),
            )
            for job in self.jobs
        ]

    def _rest(self) -> str:
        return f"{len(self.jobs)} of {self.total} jobs" if self.total > len(self.jobs) else ""


class JobLog(View, Sequence[LogLine]):
    """Lines of a job's log, oldest first."""

    def __init__(self, lines: Sequence[LogLine]) -> None:
        self.lines = lines

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return one line of text to a line of the log."""
        return "\n".join(log_line(line) for line in self.lines)

    def html(self) -> str:
        """Return the log with warnings and errors marked."""
        return render("log.html", lines=[(line.level, log_line(line)) for line in self.lines])

    def data(self) -> list[dict[str, Any]]:
        """Return the lines with their fields."""
        return [line.model_dump(mode="json") for line in self.lines]

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, place: Any) -> Any:
        return self.lines[place]


class Leaderboard(View, Sequence[LeaderboardRow]):
    """A job's models, best first, so far or in the end."""

    def __init__(self, rows: Sequence[LeaderboardRow], metric: str) -> None:
        self.rows, self.metric = rows, metric

    def text(self, command: str = MAGIC) -> str:  # noqa: ARG002
        """Return the models in columns."""
        return columns(self._cells(), self._header()) if self.rows else "No model yet."

    def html(self) -> str:
        """Return the models as a table."""
        return render("table.html", header=self._header(), rows=self._cells(), note="")

    def data(self) -> list[dict[str, Any]]:
        """Return the rows."""
        return [row.model_dump(mode="json") for row in self.rows]

    def to_pandas(self) -> "pd.DataFrame":
        """Return a frame indexed by rank: candidate, algorithm, the metrics, seconds."""
        import pandas as pd

        frame = pd.DataFrame(
            {
                "rank": row.rank,
                "candidate": row.candidate,
                "algorithm": str(row.algorithm),
                self.metric: row.score,
                **{name: value for name, value in row.scores.items() if name != self.metric},
                "seconds": row.seconds,
            }
            for row in self.rows
        )
        return frame.set_index("rank") if len(frame) else frame

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: Any) -> Any:
        return self.rows[place]

    def _others(self) -> list[str]:
        names = {name: None for row in self.rows for name in row.scores if name != self.metric}
        return list(names)

    def _header(self) -> tuple[str, ...]:
        return ("rank", "candidate", "algorithm", self.metric, *self._others(), "seconds")

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                str(row.rank),
                row.candidate,
                str(row.algorithm),
                score(row.score),
                *(score(row.scores.get(name)) for name in self._others()),
                f"{row.seconds:.1f}",
            )
            for row in self.rows
        ]


def log_line(line: LogLine) -> str:
    """Return ``12:30:05 INFO    message``, in local time, with its trace, if any."""
    stamp = line.timestamp.astimezone().strftime("%H:%M:%S")
    trace = line.fields.get("trace")
    under = textwrap.indent(f"\n{trace}".rstrip(), "  ") if trace else ""
    return f"{stamp} {line.level.upper():<7} {line.message}{under}"


def ranked_trials(trials: Sequence[Trial], best: str | None, metric: str) -> list[LeaderboardRow]:
    """Return the trials that have a score, best first.

    Parameters
    ----------
    best
        The candidate that leads, from which follows whether more is better.
    """
    done = [trial for trial in trials if trial.score is not None]
    lead = next((trial.score for trial in done if trial.candidate == best), None)
    falling = lead is None or all(trial.score <= lead for trial in done)  # type: ignore[operator]
    done.sort(key=lambda trial: trial.score or 0.0, reverse=falling)
    return [
        LeaderboardRow(
            rank=rank,
            candidate=trial.candidate,
            algorithm=trial.algorithm,
            score=trial.score or 0.0,
            scores=trial.scores or {metric: trial.score or 0.0},
            seconds=trial.seconds,
            is_best=rank == 1,
        )
        for rank, trial in enumerate(done, start=1)
    ]
