"""The routes of dialect B: training jobs and datasets, for people and for access keys.

``POST /jobs/{id}/trigger`` is ours; the rest is as published.
"""
# mypy: disallow-untyped-decorators=False

from asyncio import to_thread

from jupyter_server.auth.decorator import authorized
from tornado import web

from automl_magics.contracts import dialects, http_b
from automl_magics.contracts.enums import AccessScope
from automl_magics.contracts.errors import InvalidInput
from automl_server.answers import refused_by_service
from automl_server.handler import RESOURCE, UnknownRouteHandler
from automl_server.key_handler import KeyHandler, scoped


class JobsHandler(KeyHandler):
    """``/jobs``."""

    @web.authenticated
    @scoped(AccessScope.READ)
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List jobs."""
        query = self.query(http_b.AutoMLJobListQuery)
        jobs = await self.jobs()
        sort, descending = dialects.sort_of_b(query.sort)
        page = await to_thread(
            jobs.find,
            status=dialects.statuses_read_as_b(query.status) if query.status else None,
            mentions=query.search,
            sort=sort,
            descending=descending,
            limit=query.limit,
            offset=query.offset,
        )
        self.answer(dialects.page_b(page))

    @web.authenticated
    @scoped(AccessScope.WRITE)
    @authorized(action="write", resource=RESOURCE)
    async def post(self) -> None:
        """Create a job."""
        asked = self.body(http_b.AutoMLJobCreate)
        jobs, datasets = await self.jobs(), await self.datasets()
        try:
            source_table = await to_thread(
                datasets.source_table, asked.dataset, data_source=asked.data_source
            )
            job = await to_thread(jobs.create, dialects.request_of_b(asked, source_table))
        except InvalidInput as error:
            place = dialects.place_in_b(error.field) if error.field else ()
            raise refused_by_service(error, "body", place) from None
        self.answer(dialects.created_b(job), status=201)


class JobHandler(KeyHandler):
    """``/jobs/{id}``."""

    @web.authenticated
    @scoped(AccessScope.READ)
    @authorized(action="read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        """Return one job."""
        jobs = await self.jobs()
        self.answer(dialects.job_b(await to_thread(jobs.get, self.job_id(job_id))))

    @web.authenticated
    @scoped(AccessScope.WRITE)
    @authorized(action="write", resource=RESOURCE)
    async def delete(self, job_id: str) -> None:
        """Delete a job that is not running."""
        jobs = await self.jobs()
        await to_thread(jobs.delete, self.job_id(job_id))
        self.set_status(204)
        self.finish()


class StopHandler(KeyHandler):
    """``/jobs/{id}/stop``."""

    @web.authenticated
    @scoped(AccessScope.WRITE)
    @authorized(action="write", resource=RESOURCE)
    async def post(self, job_id: str) -> None:
        """Stop a queued or running job."""
        jobs = await self.jobs()
        job = await to_thread(jobs.stop, self.job_id(job_id))
        self.answer(dialects.stopped_b(job))


class TriggerHandler(KeyHandler):
    """``/jobs/{id}/trigger``."""

    @web.authenticated
    @scoped(AccessScope.WRITE)
    @authorized(action="write", resource=RESOURCE)
    async def post(self, job_id: str) -> None:
        """Queue a job that waits to be triggered."""
        jobs = await self.jobs()
        self.answer(dialects.job_b(await to_thread(jobs.trigger, self.job_id(job_id))))


class LogsHandler(KeyHandler):
    """``/jobs/{id}/logs``."""

    @web.authenticated
    @scoped(AccessScope.READ)
    @authorized(action="read", resource=RESOURCE)
    async def get(self, job_id: str) -> None:
        """Return a job's last log lines, or the first ones after a moment."""
        query = self.query(http_b.AutoMLLogQuery)
        jobs, wanted = await self.jobs(), self.job_id(job_id)
        lines = await to_thread(jobs.recent_logs, wanted, lines=query.lines, since=query.since)
        self.answer(dialects.logs_b(wanted, lines))


class StatsHandler(KeyHandler):
    """``/stats``."""

    @web.authenticated
    @scoped(AccessScope.READ)
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """Return how many jobs there are."""
        jobs = await self.jobs()
        self.answer(dialects.stats_b(await to_thread(jobs.counts)))


class DatasetsHandler(KeyHandler):
    """``/datasets``."""

    @web.authenticated
    @scoped(AccessScope.READ)
    @authorized(action="read", resource=RESOURCE)
    async def get(self) -> None:
        """List what can be trained on."""
        found = await self.extensionapp.backend.listed_datasets()
        self.answer(dialects.datasets_b(found))


ROUTES = [
    (r"/api/v1/automl/jobs", JobsHandler),
    (r"/api/v1/automl/jobs/([^/]+)", JobHandler),
    (r"/api/v1/automl/jobs/([^/]+)/stop", StopHandler),
    (r"/api/v1/automl/jobs/([^/]+)/trigger", TriggerHandler),
    (r"/api/v1/automl/jobs/([^/]+)/logs", LogsHandler),
    (r"/api/v1/automl/stats", StatsHandler),
    (r"/api/v1/automl/datasets", DatasetsHandler),
    (r"/api/v1/automl(?:/.*)?", UnknownRouteHandler),
]
