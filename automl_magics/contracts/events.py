"""What a worker on another machine says of its job, in batches over HTTP."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from automl_magics.contracts.enums import JobStatus, LogLevel
from automl_magics.contracts.training import Progress, Snapshot, TrainingResult, Trial, TrialNumber

MAX_EVENTS = 1000
"""In one batch."""

MAX_TRIALS = 10_000
"""Whose numbers an outcome names."""


class EventLine(BaseModel):
    """A line for the job's log."""

    level: LogLevel = LogLevel.INFO
    message: Annotated[str, StringConstraints(max_length=10_000)]
    fields: dict[str, Any] = Field(default_factory=dict)


class TrainingOutcome(BaseModel):
    """What a job found, and where its model is."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    result: TrainingResult
    mlflow_run_id: str
    registered_model_name: str
    registered_model_version: str
    trials: list[TrialNumber] | None = Field(None, max_length=MAX_TRIALS)
    """The numbers of the trials that count, where others are of tasks that were begun anew."""


_KINDS = ("log", "trial", "progress", "snapshot", "outcome")


def _one_of(*names: str) -> list[JsonValue]:
    """Return the schemas of things of which one field is there and not null."""
    return [{"required": [name], "properties": {name: {"type": "object"}}} for name in names]


class TrainingEvent(BaseModel):
    """One thing that a worker says."""

    model_config = ConfigDict(
        use_attribute_docstrings=True, json_schema_extra={"oneOf": _one_of(*_KINDS)}
    )

    seq: int = Field(ge=1, lt=2**63)
    """Its number among all that this worker says, from 1, rising."""
    log: EventLine | None = None
    trial: Trial | None = None
    progress: Progress | None = None
    snapshot: Snapshot | None = None
    outcome: TrainingOutcome | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        said = (self.log, self.trial, self.progress, self.snapshot, self.outcome)
        if sum(thing is not None for thing in said) != 1:
            msg = "an event is one of log, trial, progress, snapshot and outcome"
            raise ValueError(msg)
        return self


class TrainingEvents(BaseModel):
    """A batch of what a worker says; an empty one is a sign of life."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    worker: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Who speaks; numbers are counted for each worker of a job."""
    attempt: int | None = None
    """The attempt at the job that the worker belongs to; not compared when left out."""
    events: list[TrainingEvent] = Field(default_factory=list, max_length=MAX_EVENTS)


class TrainingEventsAccepted(BaseModel):
    """What became of a batch."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    last_seq: int
    """The highest number taken from this worker; up to there it may forget."""
    status: JobStatus
    wanted: bool
    """False when the job was stopped, has ended or is at another attempt: the worker may go."""
