"""The one table of every operation that the extension serves.

To add a route, write a function in the module of its subject and list the module here::

    @ROUTES.operation("POST", "/things/{thing_id}/stop", refusals={409: "It is not running."})
    async def stop_thing(handler: UserHandler, thing_id: UUID, body: Why) -> Thing:
        '''Stop a thing.'''  # the summary; further lines are the description
        return await to_thread((await handler.jobs()).stop, thing_id, body.reason)

The first argument is the handler (`UserHandler`, `KeyHandler`, `WorkerHandler` or `OpenHandler`, by
``auth``), then come the path's parameters in order (`UUID` is read as a job's id, `str` as it
stands), then ``query`` and ``body``, parsed by the models that they are annotated with. What is
returned is sent with ``status`` (200 where left out); None is an empty answer. Credentials, 401,
403, 404, 405, 413, 415, 422, the OpenAPI document and the credential tests follow from it.
"""

from automl_server import access_keys, documentation, features, models, training, workbench
from automl_server.operation import Operation
from automl_server.serving import patterns

OPERATIONS: list[Operation] = [
    *training.ROUTES,
    *features.ROUTES,
    *workbench.ROUTES,
    *models.ROUTES,
    *access_keys.ROUTES,
    *documentation.ROUTES,
]

PATTERNS = patterns(OPERATIONS, unknown_below=("/api/automl", "/api/v1/automl"))
"""What Tornado is given."""
