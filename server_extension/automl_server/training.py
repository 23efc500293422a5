"""The routes of training jobs, dialect A.

``…/details``, ``…/logs``, ``…/trials``, ``version`` and the list's ``details`` and ``name`` are
ours; the rest is as published.
"""
# mypy: disallow-untyped-decorators=False

from asyncio import to_thread
from collections.abc import Collection

from jupyter_server.auth.decorator import allow_unauthenticated, authorized
from tornado import web

from automl_magics import __version__
from automl_magics.contracts.dialects import job_a, page_a, statuses_read_as
from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.http import (
    AutoMLTrainingJobStatus,
    AutoMLTrainingStatusUpdate,
    JobListQuery,
    JobLogs,
    JobTrials,
    LogQuery,
    Version,
)
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_server.handler import RESOURCE, UnknownRouteHandler, UserHandler, WorkerHandler


class TrainHandler(UserHandler):
    """``/train``."""

    @web.authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self) -> None:
        """Create a training job."""
        request = self.body(AutoMLTrainingRequest)
        jobs = await self.jobs()
        job = await to_thread(jobs.create, request)
        self.answer(job_a(job), status=201)


class JobListHandler(UserHandler):
    """``/train/jobs``."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List training jobs, newest first."""
        query = self.query(JobListQuery)
        jobs = await self.jobs()
        statuses: Collection[JobStatus] = query.status
        if not query.details:
            statuses = statuses_read_as(*map(AutoMLTrainingJobStatus, query.status))
        filters = query.model_dump(exclude={"details", "status"})
        page = await to_thread(jobs.find, status=statuses or None, **filters)
        self.answer(page if query.details else page_a(page))


class JobHandler(UserHandler):
    """``/train/jobs/{job_id}``."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        """Return one job."""
        jobs = await self.jobs()
        self.answer(job_a(await to_thread(jobs.get, self.job_id(job_id))))

    @web.authenticated
    @authorized(action="write", resource=RESOURCE)
    async def delete(self, job_id: str) -> None:
        """Delete a job that is not running."""
        jobs = await self.jobs()
        await to_thread(jobs.delete, self.job_id(job_id))
        self.set_status(204)
        self.finish()


class TriggerHandler(UserHandler):
    """``/train/jobs/{job_id}/trigger``."""

    @web.authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self, job_id: str) -> None:
        """Queue a job that is ready."""
        jobs = await self.jobs()
        job = await to_thread(jobs.trigger, self.job_id(job_id))
        self.answer(job_a(job))


class StopHandler(UserHandler):
    """``/train/jobs/{job_id}/stop``."""

    @web.authenticated
    @authorized(action="write", resource=RESOURCE)
    async def post(self, job_id: str) -> None:
        """Stop a queued or running job."""
        jobs = await self.jobs()
        job = await to_thread(jobs.stop, self.job_id(job_id))
        self.answer(job_a(job))


class StatusHandler(WorkerHandler):
    """``/train/jobs/{job_id}/status``."""

    @allow_unauthenticated
    async def put(self, job_id: str) -> None:
        """Take a worker's status writeback."""
        update = self.body(AutoMLTrainingStatusUpdate)
        jobs = await self.jobs()
        job = await to_thread(jobs.write_status, self.job_id(job_id), update)
        self.answer(job_a(job))


class DetailsHandler(UserHandler):
    """``/train/jobs/{job_id}/details``."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        """Return the whole record of one job."""
        jobs = await self.jobs()
        self.answer(await to_thread(jobs.get, self.job_id(job_id)))


class LogsHandler(UserHandler):
    """``/train/jobs/{job_id}/logs``."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        """Return log lines with ``seq > after``, oldest first."""
        query = self.query(LogQuery)
        jobs = await self.jobs()
        lines = await to_thread(
            jobs.logs, self.job_id(job_id), after=query.after, limit=query.limit
        )
        self.answer(JobLogs(logs=lines))


class TrialsHandler(UserHandler):
    """``/train/jobs/{job_id}/trials``."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        """Return the trials in the order of fitting."""
        jobs = await self.jobs()
        self.answer(JobTrials(trials=await to_thread(jobs.trials, self.job_id(job_id))))


class VersionHandler(UserHandler):
    """``/version``."""

    @web.authenticated
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Return the version of automl-magics that the server runs."""
        self.answer(Version(version=__version__))


ROUTES = [
    (r"/api/automl/train", TrainHandler),
    (r"/api/automl/train/jobs", JobListHandler),
    (r"/api/automl/train/jobs/([^/]+)", JobHandler),
    (r"/api/automl/train/jobs/([^/]+)/trigger", TriggerHandler),
    (r"/api/automl/train/jobs/([^/]+)/stop", StopHandler),
    (r"/api/automl/train/jobs/([^/]+)/status", StatusHandler),
    (r"/api/automl/train/jobs/([^/]+)/details", DetailsHandler),
    (r"/api/automl/train/jobs/([^/]+)/logs", LogsHandler),
    (r"/api/automl/train/jobs/([^/]+)/trials", TrialsHandler),
    (r"/api/automl/version", VersionHandler),
    (r"/api/automl(?:/.*)?", UnknownRouteHandler),
]
