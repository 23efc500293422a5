"""What the scoring process does: it loads deployed models, predicts, and keeps the registry.

``python -m automl_magics.scoring FD`` answers calls that come over an inherited socket until the
other end is closed. `automl_magics.scoring_process` is that other end.
"""

import logging
import os
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from multiprocessing.connection import Connection
from typing import Any
from uuid import UUID

from automl_magics.contracts.errors import AutoMLError, InvalidInput, Unavailable, first_line
from automl_magics.contracts.models import Deployment, ScoringAnswer
from automl_magics.registry import Registry
from automl_magics.settings import Settings

THREADS = 8
"""More than the other end lets predict at once, so that the registry can be asked meanwhile."""
LONGEST_MESSAGE = 2000

_ANSWERING: ContextVar[str] = ContextVar("answering", default="Models")
"""The model that this thread is asking."""


class Scorer:
    """Deployed models, loaded when they are first asked for; the longest unused ones are let go.

    Parameters
    ----------
    settings
        Where MLflow is, and how many models to keep.
    """

    def __init__(self, settings: Settings) -> None:
        # As in MLflow's own scoring server: its type hints read this.
        os.environ["_MLFLOW_IS_IN_SERVING_ENVIRONMENT"] = "true"
        self._settings = settings
        self._registry = Registry(settings)
        self._kept: OrderedDict[str, _Model] = OrderedDict()
        self._choosing = threading.Lock()

    def invoke(self, name: str, body: bytes, content_type: str) -> ScoringAnswer:
        """Answer a body by MLflow's scoring protocol, with whatever is deployed under a name now.

        Raises
        ------
        NotFound
            When nothing is.
        Unavailable
            When the model or the registry cannot be had.
        """
        champion = self._registry.champion(name)
        deployment = champion.deployment
        model = self._model(champion.source, deployment.name, deployment.version)
        return model.answer(body, content_type)

    def deploy(
        self, name: str, version: str, job_id: UUID, by: str
    ) -> tuple[Deployment, Deployment | None]:
        """Deploy a version once it is known that it loads; see `Registry.deploy`."""
        self._registry.open()
        model = _Model(self._settings, name, version)
        model.load()
        deployed = self._registry.deploy(name, version, job_id=job_id, by=by)
        self._keep(self._registry.champion(name).source, model)
        return deployed

    def undeploy(self, name: str) -> Deployment:
        """End a deployment."""
        source = self._registry.champion(name).source
        deployment = self._registry.undeploy(name)
        with self._choosing:
            self._kept.pop(source, None)
        return deployment

    def get(self, name: str) -> Deployment:
        """Return what is deployed under a name."""
        return self._registry.champion(name).deployment

    def list(self) -> list[Deployment]:
        """Return every deployment."""
        return self._registry.list()

    def _model(self, source: str, name: str, version: str) -> "_Model":
        with self._choosing:
            model = self._kept.get(source) or _Model(self._settings, name, version)
        self._keep(source, model)
        return model

    def _keep(self, source: str, model: "_Model") -> None:
        with self._choosing:
            self._kept.setdefault(source, model)
            self._kept.move_to_end(source)
            while len(self._kept) > self._settings.scoring_models:
                self._kept.popitem(last=False)


class _Model:
    """A registered version; not every family predicts in two threads at once, so one waits."""

    def __init__(self, settings: Settings, name: str, version: str) -> None:
        self._settings, self._name, self._version = settings, name, version
        self._one_at_a_time = threading.Lock()
        self._pyfunc: Any = None

    def load(self) -> None:
        """Load the model unless that is done; `NotFound` or `Unavailable` say why it cannot be."""
        from automl_magics.tracking import load_model

        if self._pyfunc is not None:
            return
        try:
            self._pyfunc = load_model(self._settings, f"models:/{self._name}/{self._version}")
        except AutoMLError:
            raise
        except Exception as error:
            raise Unavailable(
                f"Version {self._version} of {self._name} cannot be loaded"
                f" ({type(error).__name__}).",
                hint="Deploy another one.",
            ) from error

    def answer(self, body: bytes, content_type: str) -> ScoringAnswer:
        """Answer a body as MLflow's scoring server does, errors included."""
        from mlflow.exceptions import MlflowException
        from mlflow.pyfunc import scoring_server

        _ANSWERING.set(f"{self._name} version {self._version}")
        with self._one_at_a_time:
            self.load()
            try:
                given = scoring_server.invocations(
                    body, content_type, self._pyfunc, self._schema(content_type)
                )
            except MlflowException as error:
                return ScoringAnswer(
                    status=error.get_http_status_code(),
                    media_type="application/json",
                    content=_message(error),
                    error_code=error.error_code,
                )
            except Exception as error:  # noqa: BLE001 - what MLflow's parsers let through
                return ScoringAnswer(
                    status=400,
                    media_type="application/json",
                    content=f"The body cannot be read as rows: {first_line(error)}."[
                        :LONGEST_MESSAGE
                    ],
                    error_code="BAD_REQUEST",
                )
        return ScoringAnswer(status=given.status, media_type=given.mimetype, content=given.response)

    def _schema(self, content_type: str) -> Any:
        """Return the input's schema, for CSV without the columns that may be of any type.

        MLflow's reader of CSV refuses a schema that has one, which our dates are.
        """
        from mlflow.types import DataType, Schema

        schema = self._pyfunc.metadata.get_input_schema()
        if schema is None or content_type.partition(";")[0].strip() != "text/csv":
            return schema
        typed = [column for column in schema.inputs if isinstance(column.type, DataType)]
        return Schema(typed) if typed else None


def _message(error: Any) -> str:
    """Return what MLflow says was wrong, and what our model did where MLflow hides it."""
    hidden = error.__context__
    said = f"{error.message} {hidden}" if isinstance(hidden, InvalidInput) else error.message
    return str(said)[:LONGEST_MESSAGE]


class _Forwarding(logging.Handler):
    """Sends our own warnings over, with the model that they are about."""

    def __init__(self, send: Callable[[Any], None]) -> None:
        super().__init__(logging.WARNING)
        self._send = send

    def emit(self, record: logging.LogRecord) -> None:
        """Send one as a line of text."""
        self._send(f"{_ANSWERING.get()}: {record.getMessage()}")


def main(handle: int) -> None:
    """Answer calls until the other end is closed, however that happens."""
    os.set_inheritable(handle, False)
    connection = Connection(handle)
    threads = ThreadPoolExecutor(THREADS)
    sending = threading.Lock()

    def send(said: Any) -> None:
        with sending:
            connection.send(said)

    logging.getLogger("automl_magics").addHandler(_Forwarding(send))
    try:
        scorer = Scorer(connection.recv())

        def answer(number: int, verb: str, arguments: tuple[Any, ...]) -> None:
            send((number, *_outcome(lambda: getattr(scorer, verb)(*arguments))))

        while True:
            threads.submit(answer, *connection.recv())
    except (EOFError, OSError):
        os._exit(0)  # whatever is still predicting, nobody waits for it


def _outcome(work: Callable[[], Any]) -> tuple[bool, Any, str]:
    """Return whether the work was done, its value or error, and the trace of an unexpected one."""
    try:
        return True, work(), ""
    except AutoMLError as error:
        trace = "" if error.__cause__ is None else traceback.format_exc()
        error.__cause__ = error.__context__ = error.__traceback__ = None
        return False, error, trace
    except Exception as error:  # noqa: BLE001 - the other end logs it
        return False, RuntimeError(type(error).__name__), traceback.format_exc()


if __name__ == "__main__":
    main(int(sys.argv[1]))
