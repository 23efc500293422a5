"""The server extension: its settings, its routes, its beginning and its end."""
# mypy: disallow-subclassing-any=False

from pathlib import Path
from typing import Any

from jupyter_server._tz import utcnow
from jupyter_server.extension.application import ExtensionApp
from tornado.ioloop import PeriodicCallback
from traitlets import Dict, Enum, Float, Int, Unicode

from automl_magics.contracts.enums import ExecutorName
from automl_magics.settings import Settings
from automl_server.attempts import FailedAttempts
from automl_server.backend import Backend
from automl_server.job_events import JobEvents
from automl_server.routes import OPERATIONS, PATTERNS

SETTINGS = (
    "home",
    "psk",
    "kernel_name",
    "executor",
    "max_jobs",
    "mlflow_tracking_uri",
    "stop_grace",
    "sources",
    "hardware",
    "scoring_timeout",
    "scoring_models",
)
ACTIVITY_SECONDS = 30


class AutoMLServer(ExtensionApp):
    """AutoML for Jupyter: training jobs over HTTP, run in background kernels."""

    name = "automl_server"
    load_other_extensions = True
    extension_url = "/"
    operations = OPERATIONS

    home = Unicode(
        None, allow_none=True, help="The folder that everything lives under (AUTOML_HOME)."
    ).tag(config=True)
    psk = Unicode(
        None,
        allow_none=True,
        help="The pre-shared key of writebacks (AUTOML_PSK); generated and kept under `home` "
        "when left out.",
    ).tag(config=True)
    kernel_name = Unicode(
        None,
        allow_none=True,
        help="The kernelspec that training runs in (AUTOML_KERNEL_NAME).",
    ).tag(config=True)
    executor = Enum(
        [name.value for name in ExecutorName],
        None,
        allow_none=True,
        help="Where a job runs that does not say (AUTOML_EXECUTOR).",
    ).tag(config=True)
    max_jobs = Int(
        None,
        allow_none=True,
        min=0,
        help="How many jobs run at once (AUTOML_MAX_JOBS); 0 keeps all of them waiting.",
    ).tag(config=True)
    mlflow_tracking_uri = Unicode(
        None,
        allow_none=True,
        help="MLflow's tracking and registry store (AUTOML_MLFLOW_TRACKING_URI).",
    ).tag(config=True)
    stop_grace = Float(
        None,
        allow_none=True,
        min=0,
        help="Seconds a stopped worker has to end by itself (AUTOML_STOP_GRACE).",
    ).tag(config=True)
    sources = Dict(
        None,
        allow_none=True,
        help="Sources by name: their addresses, with passwords only as ${env:NAME} or "
        "${file:/path} (AUTOML_SOURCES).",
    ).tag(config=True)
    hardware = Dict(None, allow_none=True, help="Hardware profiles by id (AUTOML_HARDWARE).").tag(
        config=True
    )
    max_body_bytes = Int(2**20, min=1, help="The largest body that a request may have.").tag(
        config=True
    )
    max_scoring_bytes = Int(
        2**24, min=1, help="The largest body of a request for predictions."
    ).tag(config=True)
    longest_wait = Float(
        5.0, min=0, help="Seconds that the answer to a wrong key is held back at most."
    ).tag(config=True)
    scoring_timeout = Float(
        None,
        allow_none=True,
        help="Seconds a deployed model may take for a prediction (AUTOML_SCORING_TIMEOUT).",
    ).tag(config=True)
    scoring_models = Int(
        None,
        allow_none=True,
        min=1,
        help="How many deployed models are kept in memory (AUTOML_SCORING_MODELS).",
    ).tag(config=True)
    shutdown_timeout = Float(
        10.0, min=0, help="Seconds in which running jobs go back to the queue at shutdown."
    ).tag(config=True)

    def effective_settings(self) -> Settings:
        """Return the settings: what is configured here, else the environment's, else defaults."""
        configured = {
            name: value for name in SETTINGS if (value := getattr(self, name)) is not None
        }
        return Settings(**configured)

    def initialize_settings(self) -> None:
        """Prepare the backend; nothing is opened yet, as no event loop runs."""
        self.backend = Backend(
            self.effective_settings(),
            root=Path(self.serverapp.root_dir),
            kernels=self.serverapp.kernel_manager,
            logger=self.log,
        )
        self.failed_attempts = FailedAttempts(self.longest_wait)
        self._events = JobEvents(self.backend.changes, self.serverapp.event_logger, self.log)
        self._activity = PeriodicCallback(self._note_activity, ACTIVITY_SECONDS * 1000)

    def initialize_handlers(self) -> None:
        """Add the routes; the server puts its base URL before them."""
        self.handlers.extend(PATTERNS)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:  # noqa: ARG002
        try:
            await self.backend.start()
        except Exception:
            self.log.exception("AutoML's dispatcher did not start: jobs stay queued")
        self._events.start()
        self._activity.start()

    async def stop_extension(self) -> None:
        """Put running jobs back into the queue."""
        self._activity.stop()
        await self._events.stop()
        await self.backend.stop(self.shutdown_timeout)

    def current_activity(self) -> dict[str, bool] | None:
        """Tell the server what it would interrupt by shutting down when idle."""
        return {"training_jobs": True} if self.backend.is_busy else None

    def _note_activity(self) -> None:
        """Keep a silent job's server from looking idle, to Jupyter and to a hub."""
        if self.backend.is_busy:
            self.serverapp.web_app.settings["automl_last_activity"] = utcnow()


main = launch_new_instance = AutoMLServer.launch_instance
