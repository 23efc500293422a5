"""The text of a job's DAG: one constant template, and the job as one JSON literal in it."""

import json
from functools import cache
from typing import Any

import automl_magics
from automl_magics.contracts.airflow import (
    SHARED_DAG_ID,
    DagSpecification,
    dag_id_of,
    run_id_of,
    run_timeout,
    without_credentials,
)
from automl_magics.contracts.enums import ExecutorName
from automl_magics.contracts.training import TrainingJob
from automl_magics.settings import Settings

MAX_TAG = 100
"""Airflow's limit."""

LONGEST_RUN = 7 * 24 * 3600.0
"""The longest time limit that a request can have, in seconds."""


def render_job(job: TrainingJob, settings: Settings) -> str:
    """Return the DAG of one job, as Python."""
    return render(specification_of(job, settings), is_shared=False)


def render_shared(settings: Settings) -> str:
    """Return the one DAG whose runs each bring their job in ``conf``."""
    specification = DagSpecification(
        dag_id=SHARED_DAG_ID,
        doc="AutoML training jobs; each run brings its own.\n",
        tags=["automl"],
        run_timeout=run_timeout(LONGEST_RUN),
        callback_url=settings.airflow_callback_url,
        python=settings.airflow_python,
        shards=settings.airflow_shards,
    )
    return render(specification, is_shared=True)


def placed_in_airflow(job: TrainingJob, settings: Settings) -> dict[str, str]:
    """Return the columns that say which DAG runs a job, and where one sees it."""
    if job.executor is not ExecutorName.AIRFLOW:
        return {}
    base = without_credentials(settings.airflow_url or "").rstrip("/")
    if settings.airflow_dag == "shared":
        return {
            "airflow_dag_id": SHARED_DAG_ID,
            "airflow_dag_url": f"{base}/dags/{SHARED_DAG_ID}/runs/{run_id_of(job.job_id)}",
        }
    dag_id = dag_id_of(job.job_id)
    return {"airflow_dag_id": dag_id, "airflow_dag_url": f"{base}/dags/{dag_id}"}


def render(specification: DagSpecification, *, is_shared: bool) -> str:
    """Return the text of a DAG; whatever a user typed stands in one string literal of it."""
    text: str = _template().render(
        version=automl_magics.__version__,
        is_shared=is_shared,
        dag_id=specification.dag_id,
        specification=json.dumps(specification.model_dump(mode="json"), ensure_ascii=True),
    )
    return text


def specification_of(job: TrainingJob, settings: Settings) -> DagSpecification:
    """Return what a job's DAG is given."""
    profile = settings.profile(job.request.hardware)
    return DagSpecification(
        dag_id=dag_id_of(job.job_id),
        doc=_doc(job, settings),
        tags=_tags(job),
        run_timeout=run_timeout(job.request.time_limit or LONGEST_RUN),
        callback_url=settings.airflow_callback_url,
        python=settings.airflow_python,
        job=job.model_copy(update={"rendered_dag": None}),
        shards=settings.airflow_shards,
        pool=profile.airflow_pool,
        queue=profile.airflow_queue,
        threads=profile.threads,
        memory_limit=profile.memory_limit,
        networks=settings.networks,
    )


def _tags(job: TrainingJob) -> list[str]:
    tags = ["automl", f"domain:{job.domain}", f"owner:{job.owner}"]
    return list(dict.fromkeys(tag[:MAX_TAG] for tag in tags))


def _doc(job: TrainingJob, settings: Settings) -> str:
    """Return a job's description in Markdown, with what users typed indented as code.

    It never ends in ``.md``: Airflow would read a file of that name.
    """
    typed = {
        "job": str(job.job_id),
        "name": job.name,
        "owner": job.owner,
        "domain": job.domain,
        "source": job.source_table,
        "label": job.request.label_column or "",
        "description": job.description or "",
    }
    lines = [
        f"    {title:<12} {' '.join(text.split())[:1000]}" for title, text in typed.items() if text
    ]
    link = ""
    if settings.airflow_callback_url:
        base = settings.airflow_callback_url.rstrip("/")
        link = f"[The job]({base}/api/automl/train/jobs/{job.job_id})\n\n"
    table = "\n".join(lines)
    return f"An AutoML training job.\n\n{table}\n\n{link}Rendered by automl-magics.\n"


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(  # noqa: S701 - Python and no HTML: values enter as literals
        loader=PackageLoader("automl_magics.executors.airflow"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["literal"] = _literal
    return environment.get_template("training_dag.py.j2")


def _literal(text: str) -> str:
    """Return a string as a literal with the quotes that ruff prefers."""
    literal = repr(text)
    return literal if {"'", '"'} & set(text) else f'"{literal[1:-1]}"'
