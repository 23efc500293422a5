"""The routes of deployments, dialect B: deploy a job's model, list what is deployed, predict.

``POST /jobs/{id}/deploy`` is as published; ``/models`` and what is below it are ours. Predictions
are MLflow's scoring protocol, answered by a process beside the server.
"""

from asyncio import to_thread, wrap_future
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import UUID

from jupyter_server.utils import url_path_join
from tornado import web

from automl_magics.contracts import dialects, http_b
from automl_magics.contracts.http import ScoringError
from automl_magics.contracts.models import Deployment
from automl_server import examples
from automl_server.backend import Backend
from automl_server.identity import real_name
from automl_server.key_handler import KeyHandler
from automl_server.operation import Auth, Routes

if TYPE_CHECKING:
    from automl_magics.service import ModelService

ROUTES = Routes("/api/v1/automl", tag="AutoML Workbench", auth=Auth.KEY)

_TABLE = {"type": "object", "required": ["data"]}
_ROWS = {
    "type": "object",
    "description": "Rows in one of MLflow's four forms.",
    "properties": {
        "dataframe_split": _TABLE,
        "dataframe_records": {"type": "array", "items": {"type": "object"}},
        "inputs": {},
        "instances": {},
        "params": {"type": ["object", "null"]},
    },
    "oneOf": [
        {"required": [form]}
        for form in ("dataframe_split", "dataframe_records", "inputs", "instances")
    ],
}
_PREDICTIONS = {
    "type": "object",
    "properties": {"predictions": {"type": "array", "items": {"type": "object"}}},
    "required": ["predictions"],
}
_FILE = {"type": "string", "format": "binary"}


@ROUTES.operation(
    "POST",
    "/jobs/{id}/deploy",
    refusals={409: "The job is not completed."},
    example=examples.DEPLOY_B,
)
async def deploy_automl_job(handler: KeyHandler, job_id: UUID) -> http_b.AutoMLJobDeployed:
    """Deploy the best model of a completed job.

    It takes the place of whatever is deployed under the name of its registered model.
    """
    models = await _models(handler)
    return dialects.deployed_b(await to_thread(models.deploy, job_id))


@ROUTES.operation("GET", "/models")
async def list_automl_models(handler: KeyHandler) -> http_b.AutoMLModelList:
    """List deployed models, by name."""
    models = await _models(handler)
    found = await to_thread(models.list)
    return http_b.AutoMLModelList(models=[_told(handler, one) for one in found])


@ROUTES.operation("GET", "/models/{name}")
async def get_automl_model(handler: KeyHandler, name: str) -> http_b.AutoMLModel:
    """Return one deployed model."""
    models = await _models(handler)
    return _told(handler, await to_thread(models.get, name))


@ROUTES.operation("DELETE", "/models/{name}", status=204)
async def undeploy_automl_model(handler: KeyHandler, name: str) -> None:
    """End a deployment; the model stays registered, and its job can be deployed again."""
    models = await _models(handler)
    await to_thread(models.undeploy, name)


@ROUTES.operation(
    "POST",
    "/models/{name}/invocations",
    action="read",
    refusals={
        400: "MLflow or the model cannot take the rows.",
        415: "The body is neither JSON nor CSV nor Parquet.",
        504: "The model takes too long.",
    },
    body_types={
        "application/json": _ROWS,
        "text/csv": {"type": "string"},
        "application/vnd.apache.parquet": _FILE,
    },
    answer_types={"application/json": _PREDICTIONS},
    body_limit="max_scoring_bytes",
)
async def invoke_automl_model(handler: KeyHandler, name: str) -> None:
    """Predict rows by MLflow's scoring protocol.

    Each prediction has the field ``prediction`` and, of a classifier, ``probability_<class>``.
    """
    models = await _models(handler)
    content_type = handler.request.headers.get("Content-Type", "")
    answer = await wrap_future(
        await to_thread(models.submit, name, handler.request.body, content_type)
    )
    if answer.error_code is not None:
        told = ScoringError(
            error=answer.content,
            code=answer.status,
            error_code=answer.error_code,
            message=answer.content,
        )
        handler.answer(told, answer.status)
    elif answer.status >= 400:
        raise web.HTTPError(answer.status, answer.content)
    else:
        handler.set_status(answer.status)
        handler.finish(answer.content)


async def _models(handler: KeyHandler) -> "ModelService":
    backend: Backend = handler.extensionapp.backend
    return await backend.models_for(real_name(handler.current_user), handler.correlation_id)


def _told(handler: KeyHandler, deployment: Deployment) -> http_b.AutoMLModel:
    name = quote(deployment.name, safe="")
    url = url_path_join(handler.base_url, "/api/v1/automl/models", name, "invocations")
    return dialects.model_b(deployment, url)
