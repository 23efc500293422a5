"""What one can do next, given the jobs that there are."""

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.displays.job_card import next_steps
from automl_magics.displays.tables import JobList
from automl_magics.displays.view import MAGIC, View, render
from automl_magics.session import Session

RECENT = 5
ORDER = (
    JobStatus.READY,
    JobStatus.RUNNING,
    JobStatus.QUEUED,
    JobStatus.COMPLETE,
    JobStatus.FAILED,
)
"""Of which state something is to be done first."""


def whats_next(session: Session, command: str = MAGIC) -> View:
    """Return a short overview with things to type."""
    page = session.jobs.find(TrainingJobFilter(limit=RECENT))
    return Overview(JobList(page.jobs, page.count), session.place, command)


class Overview(View):
    """The newest jobs and what one would type now."""

    def __init__(self, jobs: JobList, place: str, command: str) -> None:
        self.jobs, self.place, self.command = jobs, place, command

    def text(self, command: str = MAGIC) -> str:
        """Return the overview as text."""
        steps = "\n".join(f"  {step}" for step in self.steps(command))
        head = f"{self.jobs.text(command)}\n\n" if len(self.jobs) else ""
        return f"{head}Jobs run from {self.place}. What one can do now:\n{steps}"

    def html(self) -> str:
        """Return the overview as HTML."""
        listed = self.jobs.html() if len(self.jobs) else ""
        steps = self.steps(self.command)
        return f"{listed}\n{render('steps.html', place=self.place, steps=steps)}"

    def data(self) -> dict[str, object]:
        """Return the newest jobs and the things to type."""
        return {"jobs": self.jobs.data(), "place": self.place, "next": self.steps(self.command)}

    def steps(self, command: str) -> list[str]:
        """Return commands, the likeliest first."""
        start = f"{command} train data.csv --label COLUMN --preset fast --wait"
        if not len(self.jobs):
            return [start, f"{command} train --help"]
        newest = {
            status: [job for job in self.jobs if job.status is status][:1] for status in ORDER
        }
        return [
            *(
                step
                for jobs in newest.values()
                for job in jobs
                for step in next_steps(job, command)
            ),
            start,
            f"{command} --help",
        ]
