"""Environments of Airflow's own, made once and kept in ``.cache``."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import filelock

AIRFLOW_2 = ("apache-airflow==2.10.5",)
AIRFLOW_3 = ("apache-airflow==3.3.2",)
CACHE = Path(__file__).parents[2] / ".cache"


def environment_of(packages: tuple[str, ...], seed: Callable[[Path, Path], None]) -> Path:
    """Return the folder with an Airflow's ``venv`` and its ``seed``, made where missing.

    Parameters
    ----------
    packages
        Airflow itself first; ``constraints-….txt`` of its major version has the versions of all.
    seed
        Is given the environment and writes what a migrated database needs to the second path.
    """
    major = packages[0].partition("==")[2][0]
    constraints = Path(__file__).with_name(f"constraints-{major}.txt")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    content = constraints.read_bytes() + " ".join(packages).encode()
    digest = hashlib.sha256(content).hexdigest()[:12]
    place = CACHE / f"airflow-{major}-python-{version}-{digest}"
    CACHE.mkdir(exist_ok=True)
    with filelock.FileLock(CACHE / f"{place.name}.lock"):
        if not (place / "seed").exists():
            shutil.rmtree(place, ignore_errors=True)
            uv = [sys.executable, "-m", "uv"]
            venv = place / "venv"
            subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, venv], check=True)
            install = ["pip", "install", "--quiet", "--compile-bytecode", "--python", venv]
            subprocess.run([*uv, *install, *packages, "-c", constraints], check=True)
            seed(venv, place / "draft")
            (place / "draft").rename(place / "seed")
    return place


def airflow_variables(home: Path, venv: Path, **settings: str) -> dict[str, str]:
    """Return the environment of an Airflow at ``home``, with these settings among others."""
    return {
        **without("AUTOML_", "AIRFLOW", "MLFLOW_", "JUPYTER_", "JPY_"),
        "PATH": f"{venv / 'bin'}:{os.environ.get('PATH', '')}",
        "PYTHONPATH": "",
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        **{f"AIRFLOW__{name}": value for name, value in settings.items()},
    }


def without(*prefixes: str) -> dict[str, str]:
    """Return this process's environment without the variables of these prefixes."""
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def free_port() -> int:
    """Return a port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
