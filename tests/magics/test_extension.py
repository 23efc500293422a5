import subprocess
import sys
import threading

from IPython.core.interactiveshell import InteractiveShell

import automl_magics
from automl_magics.magics.extension import warm_up
from automl_magics.settings import Settings

HEAVY = "{'mlflow', 'lightgbm', 'xgboost', 'sklearn', 'pandas'}"
NOT_AT_THE_DOOR = "{'pyarrow', 'httpx', 'pydantic', 'numpy'}"
LOAD = """
import sys, threading
from IPython.core.interactiveshell import InteractiveShell
threading.Thread.start = lambda thread: None  # what the door itself imports, not the warm-up
InteractiveShell.instance().run_line_magic("load_ext", "automl_magics")
"""


def _python(code: str) -> str:
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_loading_imports_nothing_heavy():
    heavy = f"print(sorted(({HEAVY} | {NOT_AT_THE_DOOR}) & set(sys.modules)))"
    assert _python(LOAD + heavy) == "[]"


def test_warming_up_imports_none_of_the_engines():
    warm = "from automl_magics.magics.extension import warm_up; warm_up(); import duckdb\n"
    assert _python(f"import sys\n{warm}print(sorted({HEAVY} & set(sys.modules)))") == "[]"


def test_warming_up_leaves_a_thread_that_ends():
    shell = InteractiveShell()
    automl_magics.load_ipython_extension(shell)
    warming = [thread for thread in threading.enumerate() if thread.name == "automl-warm-up"]
    for thread in warming:
        thread.join(60)
        assert not thread.is_alive()
    warm_up()


def test_loading_twice_is_loading_once_and_unloading_takes_everything_back(capfd):
    shell = InteractiveShell()
    before = _state(shell)
    automl_magics.load_ipython_extension(shell)
    loaded = _state(shell)
    automl_magics.load_ipython_extension(shell)
    assert _state(shell) == loaded != before
    automl_magics.unload_ipython_extension(shell)
    assert _state(shell) == before
    automl_magics.unload_ipython_extension(shell)
    assert capfd.readouterr() == ("", "")


def _state(shell: InteractiveShell) -> object:
    return (
        len(shell.configurables),
        sorted(shell.magics_manager.registry),
        "automl" in shell.magics_manager.magics["line"],
        "automl" in shell.magics_manager.magics["cell"],
        len(shell.Completer.custom_matchers),
    )


def test_config_goes_before_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOML_HOME", str(tmp_path / "environment"))
    monkeypatch.setenv("AUTOML_PRESET", "fast")
    shell = InteractiveShell()
    automl_magics.load_ipython_extension(shell)
    magics = shell.magics_manager.registry["AutoMLMagics"]
    assert magics.session.settings == Settings()

    shell.run_line_magic("config", f"AutoML.home = '{tmp_path / 'notebook'}'")
    shell.run_line_magic("config", "AutoML.kernel_name = 'other'")
    settings = magics.session.settings
    assert settings.home == tmp_path / "notebook"
    assert settings.kernel_name == "other"
    assert settings.preset == "fast"
