"""The tables of the store. A change here needs a migration in ``migrations/versions``."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.sqlite import DATETIME
from sqlalchemy.types import TypeDecorator

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.features import FeatureEngineeringStatus


class Moment(DATETIME):
    """A moment in UTC: aware in Python, naive in the file, so that text order is time order.

    The text is that of SQLAlchemy's own type, made without its template: each change of a job
    writes several.
    """

    def bind_processor(self, dialect: Any) -> Callable[[datetime | None], str | None]:  # noqa: ARG002, D102
        return _written

    def result_processor(  # noqa: D102
        self,
        dialect: Any,  # noqa: ARG002
        coltype: object,  # noqa: ARG002
    ) -> Callable[[str | None], datetime | None]:
        return _read


def _written(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _read(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Uuid(TypeDecorator[UUID]):
    """A UUID as its 36 characters, so that prefixes can be searched for."""

    impl = String(36)
    cache_ok = True

    def process_bind_param(self, value: UUID | str | None, dialect: Any) -> str | None:  # noqa: ARG002
        """Turn a UUID into text."""
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Any) -> UUID | None:  # noqa: ARG002
        """Turn text into a UUID."""
        return None if value is None else UUID(value)


Json = JSON(none_as_null=True)

METADATA = MetaData()

# The columns are those of contracts.training.TrainingJob but for the rendered DAG. The last four
# are the store's own: where the rows may come from, and which dispatcher has the job.
TRAINING_JOBS = Table(
    "training_jobs",
    METADATA,
    Column("job_id", Uuid, primary_key=True),
    Column("name", Text, nullable=False),
    Column("description", Text),
    Column("domain", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("organization_id", Text, nullable=False),
    Column("source_table", Text, nullable=False),
    Column("request", Json, nullable=False),
    Column("problem_type", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("preset", Text, nullable=False),
    Column("executor", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("error_message", Text),
    Column("correlation_id", Text),
    Column("attempt", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("heartbeat_at", Moment),
    Column("worker", Json),
    Column("progress", Json),
    Column("result", Json),
    Column("snapshot", Json),
    Column("mlflow_run_id", Text),
    Column("mlflow_experiment_name", Text),
    Column("registered_model_name", Text),
    Column("registered_model_version", Text),
    Column("airflow_dag_id", Text),
    Column("airflow_dag_url", Text),
    Column("feature_engineering_job_id", Uuid),
    Column("source_root", Text),
    Column("queued_at", Moment),
    Column("claimed_at", Moment),
    Column("dispatcher_id", Uuid),
    CheckConstraint(
        "status IN ({})".format(", ".join(f"'{status}'" for status in JobStatus)),
        name="training_jobs_status",
    ),
    Index("training_jobs_created", "created_at"),
    Index("training_jobs_updated", "updated_at", "job_id"),
    Index("training_jobs_status_sorted", "status", "job_id"),
    Index("training_jobs_name", "name"),
    Index("training_jobs_registered", "registered_model_name", "created_at", "job_id"),
    # A list that is filtered, searched or sorted by another column reads this, not the wide rows.
    Index(
        "training_jobs_listed",
        *("created_at", "job_id", "status", "domain", "owner", "name", "source_table"),
        *("description", "updated_at", "started_at", "finished_at"),
    ),
)


def _job() -> ForeignKey:
    return ForeignKey("training_jobs.job_id", ondelete="CASCADE")


# Long and never changed: SQLite writes a row whole, and a job's changes with every sign of life.
# The id has a name of its own, as RETURNING names a job's without its table.
RENDERED_DAGS = Table(
    "rendered_dags",
    METADATA,
    Column("training_job_id", Uuid, _job(), primary_key=True),
    Column("rendered_dag", Text, nullable=False),
)

LOG_LINES = Table(
    "log_lines",
    METADATA,
    Column("job_id", Uuid, _job(), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("timestamp", Moment, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("fields", Json, nullable=False),
)

TRIALS = Table(
    "trials",
    METADATA,
    Column("job_id", Uuid, _job(), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("candidate", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("parameters", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("score", Float),
    Column("scores", Json, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("finished_at", Moment, nullable=False),
    Column("error", Text),
)

# How far each worker on another machine has been heard.
WORKERS = Table(
    "workers",
    METADATA,
    Column("job_id", Uuid, _job(), primary_key=True),
    Column("worker", Text, primary_key=True),
    Column("last_seq", Integer, nullable=False),
)

DISPATCHERS = Table(
    "dispatchers",
    METADATA,
    Column("dispatcher_id", Uuid, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_started", Float, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("heartbeat_at", Moment, nullable=False),
)

# Which jobs have changed, in order; the triggers of migration 0006 write it and keep it short.
JOB_CHANGES = Table(
    "job_changes",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("job_id", Uuid, nullable=False),
)

# The columns are those of contracts.access_keys.AccessKey, and what a secret is compared with.
ACCESS_KEYS = Table(
    "access_keys",
    METADATA,
    Column("prefix", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("scopes", Json, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
    Column("salt", LargeBinary, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

# The columns are those of contracts.features.FeatureEngineeringJob, and where files must lie.
FEATURE_JOBS = Table(
    "feature_jobs",
    METADATA,
    Column("job_id", Uuid, primary_key=True),
    Column("target_table_name", Text, nullable=False),
    Column("description", Text),
    Column("domain", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("request", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("recipe", Json),
    Column("plan", Json),
    Column("sql", Text),
    Column("validation", Json),
    Column("error", Text),
    Column("progress", Json),
    Column("approval", Json),
    Column("training_table", Text),
    Column("training_rows", Integer),
    Column("training_job_id", Uuid),
    Column("attempt", Integer, nullable=False),
    Column("correlation_id", Text),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("finished_at", Moment),
    Column("heartbeat_at", Moment),
    Column("worker", Json),
    Column("source_root", Text),
    CheckConstraint(
        "status IN ({})".format(", ".join(f"'{status}'" for status in FeatureEngineeringStatus)),
        name="feature_jobs_status",
    ),
    Index("feature_jobs_created", "created_at", "job_id"),
    Index("feature_jobs_name", "target_table_name"),
)

FEATURE_LOG_LINES = Table(
    "feature_log_lines",
    METADATA,
    Column("job_id", Uuid, ForeignKey("feature_jobs.job_id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("timestamp", Moment, nullable=False),
    Column("level", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("fields", Json, nullable=False),
)
