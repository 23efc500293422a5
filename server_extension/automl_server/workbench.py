"""The routes of dialect B: training jobs and datasets, for people and for access keys.

``POST /jobs/{id}/trigger``, ``/sources`` and ``/hardware`` are ours; the rest is as published.
"""

from asyncio import to_thread
from uuid import UUID

from automl_magics.contracts import dialects, http_b
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.lists import TrainingJobFilter
from automl_server import examples
from automl_server.answers import refused_by_service
from automl_server.key_handler import KeyHandler
from automl_server.operation import Auth, Routes

ROUTES = Routes("/api/v1/automl", tag="AutoML Workbench", auth=Auth.KEY)


@ROUTES.operation("GET", "/jobs", example=examples.LIST_B)
async def list_automl_jobs(
    handler: KeyHandler, query: http_b.AutoMLJobListQuery
) -> http_b.AutoMLJobList:
    """List jobs."""
    jobs = await handler.jobs()
    sort, descending = dialects.sort_of_b(query.sort)
    wanted = TrainingJobFilter(
        status=dialects.statuses_read_as_b(query.status) if query.status else [],
        mentions=query.search,
        sort=sort,
        descending=descending,
        limit=query.limit,
        offset=query.offset,
    )
    return dialects.page_b(await to_thread(jobs.find_shown, wanted))


@ROUTES.operation("POST", "/jobs", status=201, example=examples.CREATE_B)
async def create_automl_job(
    handler: KeyHandler, body: http_b.AutoMLJobCreate
) -> http_b.AutoMLJobCreated:
    """Create a job.

    It is queued at once unless ``advanced.autoTrigger`` is false.
    """
    jobs, datasets = await handler.jobs(), await handler.datasets()
    try:
        source_table = await to_thread(
            datasets.source_table, body.dataset, data_source=body.data_source
        )
        job = await to_thread(jobs.create, dialects.request_of_b(body, source_table))
    except InvalidInput as error:
        place = dialects.place_in_b(error.field) if error.field else ()
        raise refused_by_service(error, "body", place) from None
    return dialects.created_b(job)


@ROUTES.operation("GET", "/jobs/{id}", example=examples.READ_B)
async def get_automl_job(handler: KeyHandler, job_id: UUID) -> http_b.AutoMLJob:
    """Return one job."""
    return dialects.job_b((await handler.jobs()).shown(job_id))  # read sooner than a thread wakes


@ROUTES.operation("DELETE", "/jobs/{id}", status=204, refusals={409: "The job is running."})
async def delete_automl_job(handler: KeyHandler, job_id: UUID) -> None:
    """Delete a job that is not running."""
    jobs = await handler.jobs()
    await to_thread(jobs.delete, job_id)


@ROUTES.operation(
    "POST",
    "/jobs/{id}/stop",
    refusals={409: "The job is neither queued nor running."},
    example=examples.STOP_B,
)
async def stop_automl_job(handler: KeyHandler, job_id: UUID) -> http_b.AutoMLJobStopped:
    """Stop a queued or running job."""
    jobs = await handler.jobs()
    return dialects.stopped_b(await to_thread(jobs.stop, job_id))


@ROUTES.operation(
    "POST",
    "/jobs/{id}/trigger",
    refusals={409: "The job does not wait to be triggered."},
    example=examples.READ_B,
)
async def trigger_automl_job(handler: KeyHandler, job_id: UUID) -> http_b.AutoMLJob:
    """Queue a job that waits to be triggered."""
    jobs = await handler.jobs()
    return dialects.job_b(await to_thread(jobs.trigger, job_id))


@ROUTES.operation("GET", "/jobs/{id}/logs", example=examples.LOGS_B)
async def get_automl_job_logs(
    handler: KeyHandler, job_id: UUID, query: http_b.AutoMLLogQuery
) -> http_b.AutoMLJobLogs:
    """Return a job's last log lines, or the first ones after a moment."""
    jobs = await handler.jobs()
    lines = await to_thread(jobs.recent_logs, job_id, lines=query.lines, since=query.since)
    return dialects.logs_b(job_id, lines)


@ROUTES.operation("GET", "/stats", example=examples.STATS_B)
async def get_automl_stats(handler: KeyHandler) -> http_b.AutoMLStats:
    """Return how many jobs there are."""
    jobs = await handler.jobs()
    return dialects.stats_b(await to_thread(jobs.counts))


@ROUTES.operation("GET", "/datasets", example=examples.DATASETS_B)
async def list_automl_datasets(handler: KeyHandler) -> http_b.AutoMLDatasetList:
    """List what can be trained on."""
    found = await handler.extensionapp.backend.listed_datasets()
    return dialects.datasets_b(found)


@ROUTES.operation("GET", "/sources", example=examples.SOURCES_B)
async def list_automl_sources(handler: KeyHandler) -> http_b.AutoMLSourceList:
    """List the sources that a new job may name; their addresses are not told."""
    return dialects.sources_b(await to_thread(handler.extensionapp.backend.listed_sources))


@ROUTES.operation("GET", "/hardware", example=examples.HARDWARE_B)
async def list_automl_hardware(handler: KeyHandler) -> http_b.AutoMLHardwareList:
    """List the hardware profiles that jobs can be trained on."""
    return dialects.hardware_b(handler.extensionapp.backend.settings.profiles())
