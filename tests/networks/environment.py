"""The libraries of the extras ``text`` and ``image``, installed once and kept in ``.cache``."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import filelock

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache"
PACKAGES = Path(__file__).with_name("constraints.txt")
EXTRAS = ("sentence-transformers", "timm", "torch")


def extras_folder() -> Path:
    """Return a folder to put on the path of Python, made where it is missing.

    Where pip has been told of a folder of wheels, PyTorch's smaller build for processors may be
    among them: uv is told of it too.
    """
    constraints = [ROOT / "constraints.txt", PACKAGES]
    content = b"".join(file.read_bytes() for file in constraints)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = CACHE / f"networks-python-{version}-{hashlib.sha256(content).hexdigest()[:12]}"
    CACHE.mkdir(exist_ok=True)
    with filelock.FileLock(CACHE / f"{place.name}.lock"):
        if not place.exists():
            draft = place.with_suffix(".draft")
            shutil.rmtree(draft, ignore_errors=True)
            given = os.environ.get("PIP_FIND_LINKS", "").split()
            options = [part for file in constraints for part in ("--constraints", file)]
            options += [part for folder in given for part in ("--find-links", folder)]
            install = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python"]
            target = ["--target", draft, *options, *EXTRAS]
            subprocess.run([*install, sys.executable, *target], check=True)
            _without_foreign_operators(draft)
            draft.rename(place)
    return place


def _without_foreign_operators(folder: Path) -> None:
    """Let torchvision load beside a PyTorch that its compiled operators were not built for.

    It then declares what they return, which fails; timm needs none of them.
    """
    code = "import torchvision"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    tried = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False
    )
    if tried.returncode:
        (folder / "torchvision" / "_meta_registrations.py").write_text("")
