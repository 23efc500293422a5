"""The routes of training jobs, dialect A.

``…/details``, ``…/logs``, ``…/trials``, ``…/extend``, ``…/notebook``, ``…/report``, ``version``,
``train/check``, ``train/source`` and the list's ``details`` and ``name`` are ours; the rest is as
published.
"""

from asyncio import to_thread
from uuid import UUID

from automl_magics import __version__
from automl_magics.contracts.airflow import TrainingPreview
from automl_magics.contracts.dialects import job_a, page_a, statuses_read_as
from automl_magics.contracts.documents import JobDocument
from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import Busy
from automl_magics.contracts.events import TrainingEvents, TrainingEventsAccepted
from automl_magics.contracts.http import (
    AutoMLTrainingJobList,
    AutoMLTrainingJobResponse,
    AutoMLTrainingJobStatus,
    AutoMLTrainingStatusUpdate,
    JobListQuery,
    JobLogs,
    JobTrials,
    LogQuery,
    SourceColumn,
    SourceLook,
    SourceQuestion,
    TrainingCheck,
    TrainingExtension,
    Version,
)
from automl_magics.contracts.lists import TrainingJobPage
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_server import examples
from automl_server.handler import UserHandler, WorkerHandler
from automl_server.operation import Auth, Routes

ROUTES = Routes("/api/automl", tag="AutoML Training", auth=Auth.USER)


@ROUTES.operation("POST", "/train", status=201, example=examples.CREATE_A)
async def create_training_job(
    handler: UserHandler, body: AutoMLTrainingRequest
) -> AutoMLTrainingJobResponse:
    """Create a training job.

    It is queued at once unless ``auto_trigger`` is false.
    """
    jobs = await handler.jobs()
    return job_a(await to_thread(jobs.create, body))


@ROUTES.operation("POST", "/train/preview")
async def preview_training_job(
    handler: UserHandler, body: AutoMLTrainingRequest
) -> TrainingPreview:
    """Render the DAG of a request without keeping anything."""
    jobs = await handler.jobs()
    return TrainingPreview(rendered_dag=await to_thread(jobs.preview, body))


@ROUTES.operation("POST", "/train/check")
async def check_training_job(handler: UserHandler, body: AutoMLTrainingRequest) -> TrainingCheck:
    """Check a request as creating it does, and tell what it would be; nothing is kept."""
    jobs = await handler.jobs()
    return await to_thread(jobs.check, body)


@ROUTES.operation("POST", "/train/source")
async def look_at_source(handler: UserHandler, body: SourceQuestion) -> SourceLook:
    """Return the columns and the first rows of what one could train on."""
    datasets = await handler.extensionapp.backend.datasets()
    found = await to_thread(datasets.preview, body.source_table)
    columns = [SourceColumn(name=name, type=kind) for name, kind in found.columns.items()]
    return SourceLook(columns=columns, rows=[list(row) for row in found.rows])


@ROUTES.operation("GET", "/train/jobs", example=examples.LIST_A)
async def list_training_jobs(
    handler: UserHandler, query: JobListQuery
) -> AutoMLTrainingJobList | TrainingJobPage:
    """List training jobs, newest first."""
    jobs = await handler.jobs()
    if query.details:
        return await to_thread(jobs.find, query)
    published = [AutoMLTrainingJobStatus(one) for one in query.status if one != JobStatus.STOPPED]
    statuses = {*query.status, *statuses_read_as(*published)}
    wanted = query.model_copy(update={"status": list(statuses)})
    return page_a(await to_thread(jobs.find_shown, wanted))


@ROUTES.operation("GET", "/train/jobs/{job_id}", example=examples.READ_A)
async def get_training_job(handler: UserHandler, job_id: UUID) -> AutoMLTrainingJobResponse:
    """Return one training job."""
    return job_a((await handler.jobs()).shown(job_id))  # read sooner than a thread wakes


@ROUTES.operation(
    "DELETE", "/train/jobs/{job_id}", status=204, refusals={409: "The job is running."}
)
async def delete_training_job(handler: UserHandler, job_id: UUID) -> None:
    """Delete a training job that is not running."""
    jobs = await handler.jobs()
    await to_thread(jobs.delete, job_id)


@ROUTES.operation(
    "POST",
    "/train/jobs/{job_id}/trigger",
    refusals={409: "The job is not ready."},
    example=examples.READ_A,
)
async def trigger_training_job(handler: UserHandler, job_id: UUID) -> AutoMLTrainingJobResponse:
    """Queue a training job that is ready."""
    jobs = await handler.jobs()
    return job_a(await to_thread(jobs.trigger, job_id))


@ROUTES.operation(
    "POST",
    "/train/jobs/{job_id}/stop",
    refusals={409: "The job is neither queued nor running."},
    example=examples.STOP_A,
)
async def stop_training_job(handler: UserHandler, job_id: UUID) -> AutoMLTrainingJobResponse:
    """Stop a queued or running training job.

    What a running one has found by then is registered within seconds.
    """
    jobs = await handler.jobs()
    return job_a(await to_thread(jobs.stop, job_id))


@ROUTES.operation(
    "POST",
    "/train/jobs/{job_id}/extend",
    refusals={409: "The job is under way, or has no model to go on from."},
)
async def extend_training_job(
    handler: UserHandler, job_id: UUID, body: TrainingExtension
) -> AutoMLTrainingJobResponse:
    """Train a job that has a model for longer.

    It goes on from its finished fits, and keeps its model until a new version is registered.
    """
    jobs = await handler.jobs()
    return job_a(await to_thread(jobs.extend, job_id, body.seconds))


@ROUTES.operation("PUT", "/train/jobs/{job_id}/status", auth=Auth.PSK, example=examples.STATUS_A)
async def update_training_status(
    handler: WorkerHandler, job_id: UUID, body: AutoMLTrainingStatusUpdate
) -> AutoMLTrainingJobResponse:
    """DAG status writeback.

    Called by the rendered DAG at task start, success, or failure.

    PSK-authenticated to match the existing /api/jobs/{id}/status endpoint
    used by data-engineering DAGs.

    A repeat changes nothing; a step
    backwards answers with the job as it is.
    """
    jobs = await handler.jobs()
    try:
        return job_a(jobs.write_status(job_id, body, wait=False))  # done sooner than a thread wakes
    except Busy:
        return job_a(await to_thread(jobs.write_status, job_id, body))


@ROUTES.operation("POST", "/train/jobs/{job_id}/events", auth=Auth.PSK, status=202)
async def take_training_events(
    handler: WorkerHandler, job_id: UUID, body: TrainingEvents
) -> TrainingEventsAccepted:
    """Take a remote worker's log lines, trials, progress and heartbeat.

    Each worker numbers what it says; what was taken before is passed over, so a batch may be sent
    again.
    """
    jobs = await handler.jobs()
    return await to_thread(jobs.take_events, job_id, body)


@ROUTES.operation("GET", "/train/jobs/{job_id}/details")
async def get_training_job_details(handler: UserHandler, job_id: UUID) -> TrainingJob:
    """Return the whole record of one training job."""
    jobs = await handler.jobs()
    return await to_thread(jobs.get, job_id)


@ROUTES.operation("GET", "/train/jobs/{job_id}/logs")
async def get_training_job_logs(handler: UserHandler, job_id: UUID, query: LogQuery) -> JobLogs:
    """Return log lines with ``seq > after``, oldest first."""
    jobs = await handler.jobs()
    return JobLogs(logs=await to_thread(jobs.logs, job_id, after=query.after, limit=query.limit))


@ROUTES.operation("GET", "/train/jobs/{job_id}/trials")
async def get_training_job_trials(handler: UserHandler, job_id: UUID) -> JobTrials:
    """Return the trials in the order of fitting."""
    jobs = await handler.jobs()
    return JobTrials(trials=await to_thread(jobs.trials, job_id))


@ROUTES.operation(
    "GET",
    "/train/jobs/{job_id}/notebook",
    refusals={409: "The job has no model, or one that no notebook can be made of."},
)
async def get_training_job_notebook(handler: UserHandler, job_id: UUID) -> JobDocument:
    """Return a notebook that rebuilds the job's model with plain libraries.

    It reads the job's frozen rows where they lie on the server's machine.
    """
    jobs = await handler.jobs()
    return await to_thread(jobs.notebook, job_id)


@ROUTES.operation("GET", "/train/jobs/{job_id}/report", refusals={409: "The job has no model."})
async def get_training_job_report(handler: UserHandler, job_id: UUID) -> JobDocument:
    """Return the job's report: one HTML file that loads nothing from elsewhere."""
    jobs = await handler.jobs()
    return await to_thread(jobs.report, job_id)


@ROUTES.operation("GET", "/version")
async def get_version(handler: UserHandler) -> Version:  # noqa: ARG001
    """Return the version of automl-magics that the server runs."""
    return Version(version=__version__)
