"""``%load_ext automl_magics`` and ``%unload_ext automl_magics``."""

import importlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_runtime_dir

from automl_magics.magics.completion import matcher_of
from automl_magics.magics.magic import AutoMLMagics

# Without a server the first job is created in this process. These two are half of what that loads;
# here, the cell that creates the job answers at once even when it is run right after this one.
AT_THE_DOOR = ("sqlalchemy", "duckdb")
# None of these is a library that others look up in sys.modules (as they do pandas, polars, pyarrow
# and duckdb): what they found there, half imported, would fail in somebody else's code.
FIRST_JOB_NEEDS = ("automl_magics.magics.verbs",)
WITH_A_SERVER = ("httpx", "automl_magics.client")
WITHOUT = ("automl_magics.service", "automl_magics.dispatcher")


def load(shell: Any) -> None:
    """Register the magic, its settings and its completion; a second time changes nothing."""
    if _registered(shell) is not None:
        return
    magics = AutoMLMagics(shell)
    shell.register_magics(magics)
    shell.configurables.append(magics.options)
    magics.matcher = matcher_of(magics)
    shell.Completer.custom_matchers.append(magics.matcher)
    if not _is_beside_a_server():
        for module in AT_THE_DOOR:
            importlib.import_module(module)
    threading.Thread(target=warm_up, name="automl-warm-up", daemon=True).start()


def unload(shell: Any) -> None:
    """Take back everything that `load` did."""
    magics = _registered(shell)
    if magics is None:
        return
    magics.close()
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("automl", None)
    del shell.magics_manager.registry[AutoMLMagics.__name__]
    for configurable in (magics, magics.options):
        shell.configurables.remove(configurable)
    shell.Completer.custom_matchers.remove(magics.matcher)


def warm_up() -> None:
    """Import what the first job needs while its cell is still being typed."""
    with suppress(Exception):  # it shows when the module is needed
        for module in FIRST_JOB_NEEDS:
            importlib.import_module(module)
        from automl_magics.jupyter_servers import own_server

        for module in WITHOUT if own_server() is None else WITH_A_SERVER:
            importlib.import_module(module)


def _is_beside_a_server() -> bool:
    """Return whether a Jupyter server started this kernel, as far as one can see at a glance."""
    parent = os.environ.get("JPY_PARENT_PID")
    return bool(parent) and (Path(jupyter_runtime_dir()) / f"jpserver-{parent}.json").exists()


def _registered(shell: Any) -> AutoMLMagics | None:
    magics: AutoMLMagics | None = shell.magics_manager.registry.get(AutoMLMagics.__name__)
    return magics
