"""What a training job's DAG is given."""

from datetime import timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from pydantic import BaseModel

from automl_magics.contracts.networks import NO_NETWORKS, Networks
from automl_magics.contracts.training import TrainingJob

SHARED_DAG_ID = "automl_train"
"""The one DAG of all jobs, where there is one (``AUTOML_AIRFLOW_DAG=shared``)."""

CONNECTION_ID = "automl_default"
"""The Airflow Connection that brings tasks the pre-shared key, and where things are."""


class DagSpecification(BaseModel):
    """Everything that a DAG's code reads: one JSON literal in its text.

    It holds no secret: those come from the Airflow Connection ``automl_default`` or from the
    environment, when a task runs.
    """

    dag_id: str
    doc: str
    """What Airflow shows about the DAG, in Markdown."""
    tags: list[str]
    run_timeout: float
    """Seconds after which Airflow ends a run."""
    callback_url: str | None = None
    """The server that is told how the job goes, with its base URL."""
    python: str | None = None
    """The interpreter that trains, where Airflow's workers run; Airflow's own when left out."""
    job: TrainingJob | None = None
    """The job; None in the shared DAG, whose runs each bring theirs."""
    shards: int = 1
    """Into how many tasks the search is split at most."""
    pool: str | None = None
    """The Airflow pool that its tasks take slots of."""
    queue: str | None = None
    """The Airflow queue that its tasks go to."""
    threads: int | None = None
    """How many threads a task trains with; an equal share of its machine when left out."""
    memory_limit: int | None = None
    """How many bytes of memory a task may train with."""
    networks: Networks = NO_NETWORKS
    """Pretrained networks, where Airflow's workers find them."""


class TrainingPreview(BaseModel):
    """The DAG that a request would be rendered to."""

    rendered_dag: str


def dag_id_of(job_id: UUID) -> str:
    """Return the id of a job's own DAG."""
    return f"automl_{job_id}"


def run_id_of(job_id: UUID) -> str:
    """Return the id of a job's one DAG run; triggering it again is refused by Airflow."""
    return f"job-{job_id}"


def run_timeout(time_limit: float) -> float:
    """Return the seconds that a run may take, queueing, start-up and registering included."""
    return timedelta(hours=6).total_seconds() + 4 * time_limit


def without_credentials(url: str) -> str:
    """Return an address without the user and password that it may hold."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
