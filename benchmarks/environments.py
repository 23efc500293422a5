"""Interpreters of other systems, each in an environment of its own, made on first use."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
PLACE = HERE / ".environments"


def interpreter(environment: str | None, folder: Path = PLACE) -> Path:
    """Return an environment's interpreter, our own for None; what is missing is installed."""
    if environment is None:
        return Path(sys.executable)
    place = (folder / environment).resolve()
    python = place / "bin" / "python"
    if not (place / ".complete").exists():
        requirements = HERE / "systems" / "requirements" / f"{environment}.txt"
        print(f"making the environment {environment}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
        (place / ".complete").touch()
    return python


def versions(python: Path, packages: list[str]) -> str:
    """Return name=version of those packages that an interpreter has."""
    code = (
        "import importlib.metadata as m\n"
        f"for name in {packages!r}:\n"
        "    try: print(name, m.version(name), sep='=')\n"
        "    except m.PackageNotFoundError: pass"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return " ".join(done.stdout.split())
