"""Deployments in MLflow's registry: the versions of our models under the alias ``champion``.

Imports MLflow and sets its addresses for the whole process: this is for the scoring process.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Any
from uuid import UUID

import filelock

from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import NotFound, Unavailable, did_you_mean
from automl_magics.contracts.models import CHAMPION, Deployment, ModelColumn
from automl_magics.settings import Settings
from automl_magics.tracking import import_mlflow

JOB_TAG = "automl.job_id"
AT_TAG = "automl.deployed_at"
BY_TAG = "automl.deployed_by"

_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")
"""How MLflow's stores say that there is no such model, version or alias."""


@dataclass(frozen=True)
class Champion:
    """The version that is deployed under a name."""

    deployment: Deployment
    source: str
    """Where its files are. A name and a version come again when a model is registered anew; this
    does not."""


@dataclass(frozen=True)
class _Facts:
    """What never changes about a version."""

    job_id: UUID
    problem_type: ProblemType | None
    inputs: list[ModelColumn]
    outputs: list[ModelColumn]


class Registry:
    """The deployments of an MLflow registry; a version that no job of ours made is left alone."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._opening = threading.Lock()
        self._client: Any = None
        self._facts: dict[str, _Facts | None] = {}

    def open(self) -> None:
        """Import MLflow and open its store, unless that is done.

        Everything that two threads might otherwise import at once is imported here.
        """
        with self._opening:
            if self._client is not None:
                return
            mlflow = import_mlflow()
            import_module("mlflow.pyfunc.scoring_server")
            mlflow.set_tracking_uri(self._settings.mlflow_uri)
            mlflow.set_registry_uri(self._settings.mlflow_uri)
            # Two processes that migrate MLflow's tables at once get in each other's way.
            with (
                _told_in_words("MLflow has no models."),
                filelock.FileLock(self._settings.folder("mlflow") / "store.lock"),
            ):
                client = mlflow.MlflowClient()
                client.search_registered_models(max_results=1)
            self._client = client

    def deploy(
        self, name: str, version: str, *, job_id: UUID, by: str
    ) -> tuple[Deployment, Deployment | None]:
        """Give a version the alias, and return its deployment and the one that it replaces.

        Nothing changes where it has the alias already. Raises `NotFound` when the registry has no
        such version.
        """
        before = self._found(name)
        if before is not None and before.deployment.version == version:
            if before.deployment.deployed_at is not None:
                return before.deployment, None
            before = None  # the alias was set by other means; now it is a deployment of ours
        with _told_in_words(f"MLflow has no model {name} of version {version}."):
            client = self._opened()
            client.set_model_version_tag(name, version, JOB_TAG, str(job_id))
            client.set_model_version_tag(name, version, AT_TAG, datetime.now(UTC).isoformat())
            client.set_model_version_tag(name, version, BY_TAG, by)
            client.set_registered_model_alias(name, CHAMPION, version)
        return self.champion(name).deployment, before.deployment if before else None

    def champion(self, name: str) -> Champion:
        """Return what is deployed under a name; `NotFound` when nothing is."""
        found = self._found(name)
        if found is None:
            known = [deployment.name for deployment in self.list()]
            raise NotFound(
                f"No model is deployed as {name!r}.",
                hint=did_you_mean(name, known) or "Deploy a finished job first.",
            )
        return found

    def undeploy(self, name: str) -> Deployment:
        """Take the alias away and return what was deployed; `NotFound` when nothing was."""
        deployment = self.champion(name).deployment
        with _told_in_words(f"No model is deployed as {name!r}."):
            client = self._opened()
            client.delete_registered_model_alias(name, CHAMPION)
            for tag in (AT_TAG, BY_TAG):
                client.delete_model_version_tag(name, deployment.version, tag)
        return deployment

    def list(self) -> list[Deployment]:
        """Return every deployment, by name."""
        if self._is_unmade():
            return []
        with _told_in_words("MLflow has no models."):
            names = sorted(model.name for model in self._models() if CHAMPION in model.aliases)
        return [found.deployment for name in names if (found := self._found(name)) is not None]

    def _models(self) -> Iterator[Any]:
        token = None
        while True:
            page = self._opened().search_registered_models(max_results=100, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def _found(self, name: str) -> Champion | None:
        if self._is_unmade():
            return None
        try:
            with _told_in_words(""):
                version = self._opened().get_model_version_by_alias(name, CHAMPION)
                facts = self._facts_of(version)
        except NotFound:
            return None
        if facts is None:
            return None
        at = version.tags.get(AT_TAG)
        deployment = Deployment(
            name=version.name,
            version=str(version.version),
            job_id=facts.job_id,
            problem_type=facts.problem_type,
            deployed_at=datetime.fromisoformat(at) if at else None,
            deployed_by=version.tags.get(BY_TAG),
            inputs=facts.inputs,
            outputs=facts.outputs,
        )
        return Champion(deployment, version.source)

    def _facts_of(self, version: Any) -> _Facts | None:
        """Return what never changes about a version; None where no job of ours made it."""
        if version.source not in self._facts:
            self._facts[version.source] = self._read_facts(version)
        return self._facts[version.source]

    def _read_facts(self, version: Any) -> _Facts | None:
        if not version.run_id:
            return None
        run = self._opened().get_run(version.run_id).data
        if JOB_TAG not in run.tags:
            return None
        info = import_mlflow().models.get_model_info(f"models:/{version.name}/{version.version}")
        problem_type = run.params.get("problem_type")
        return _Facts(
            job_id=UUID(run.tags[JOB_TAG]),
            problem_type=ProblemType(problem_type) if problem_type in set(ProblemType) else None,
            inputs=_columns(info.signature.inputs) if info.signature else [],
            outputs=_columns(info.signature.outputs) if info.signature else [],
        )

    def _is_unmade(self) -> bool:
        """Return whether our own store has not been made yet: then nothing is in it."""
        own = self._settings.mlflow_tracking_uri is None
        return own and not (self._settings.folder("mlflow") / "mlflow.db").exists()

    def _opened(self) -> Any:
        self.open()
        return self._client


def _columns(schema: Any) -> list[ModelColumn]:
    if schema is None or not schema.has_input_names():
        return []
    found: list[Mapping[str, Any]] = schema.to_dict()
    return [ModelColumn(name=column["name"], type=str(column["type"])) for column in found]


@contextmanager
def _told_in_words(absent: str) -> Iterator[None]:
    """Turn what MLflow's stores raise into `NotFound` or `Unavailable`."""
    try:
        yield
    except (NotFound, Unavailable):
        raise
    except Exception as error:
        if getattr(error, "error_code", "") in _ABSENT:
            raise NotFound(absent) from None
        raise Unavailable(
            f"MLflow cannot be reached ({type(error).__name__}).",  # its text may name addresses
            hint="Check AUTOML_MLFLOW_TRACKING_URI.",
        ) from error
