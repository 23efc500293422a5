"""What the notebook pays: loading, the cell that starts a job, watching, the first model.

    python benchmarks/notebook.py --output benchmarks/results/notebook-DATE.md

Real kernels, without a server. Every figure has its peer in the same kernel or right beside it:
``%load_ext autoreload`` for loading, an empty cell for the cell that starts a job, the idle kernel
for watching, and a script of ``pandas.read_csv`` and ``lightgbm.train`` for the first model. On a
busy machine only the ratios mean something.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from jupyter_client.manager import KernelManager

MANY = 50
MAKE = "train data.csv --label y --preset fast --no-auto-trigger"
LOADED = """
import time
begin = time.perf_counter()
get_ipython().run_line_magic("load_ext", "{name}")
print(time.perf_counter() - begin)
"""
SCRIPT = """
import lightgbm, pandas
rows = pandas.read_csv("data.csv")
known = lightgbm.Dataset(rows.drop(columns="y"), rows["y"])
lightgbm.train({"objective": "binary", "num_threads": 1, "verbose": -1}, known, 100)
"""
FIRST = """
job = get_ipython().run_line_magic(
    "automl", "train data.csv --label y --preset fast --time-limit 60 --name first")
while True:
    seen = job.refresh().record
    if seen.status.is_terminal or (seen.progress and seen.progress.best_score is not None):
        break
    time.sleep(0.05)
"""


@dataclass
class Figure:
    """A figure beside its peer's."""

    what: str
    ours: float
    peer: str
    peers: float

    def row(self) -> str:
        ratio = f"{self.ours / self.peers:.2f}" if self.peers else "-"
        return f"| {self.what} | {self.ours:.4g} | {self.peer} | {self.peers:.4g} | {ratio} |"


class Kernel:
    """A kernel in a folder and a home of its own."""

    def __init__(self, folder: Path) -> None:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AUTOML_", "JPY_", "JUPYTER"))
        }
        own = {"AUTOML_HOME": str(folder / "home"), "IPYTHONDIR": str(folder / "ipython")}
        paths = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "OMP_NUM_THREADS": "1"}
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(cwd=str(folder), env={**kept, **own, **paths})
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=120)
        self.process = psutil.Process(self._manager.provisioner.pid)

    def run(self, code: str) -> tuple[float, str]:
        """Run a cell; return the seconds to its reply, and what it printed."""
        said: list[str] = []

        def keep(message: dict) -> None:
            if message["msg_type"] == "stream":
                said.append(message["content"]["text"])

        begin = time.perf_counter()
        reply = self._client.execute_interactive(code, timeout=300, output_hook=keep)
        seconds = time.perf_counter() - begin
        if reply["content"]["status"] != "ok":
            raise RuntimeError(f"{code}\n{reply['content']}")
        return seconds, "".join(said)

    def share(self, seconds: float) -> float:
        """Return how much of one core the kernel takes while nobody runs a cell, 0 to 1."""
        begin, used = time.perf_counter(), _cpu(self.process)
        time.sleep(seconds)
        return (_cpu(self.process) - used) / (time.perf_counter() - begin)

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each watching lasts")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    figures = [*starting(asked), *watching(asked), first_model(asked)]
    text = report(figures, asked)
    print(text)
    if asked.output:
        asked.output.write_text(text)


def starting(asked: argparse.Namespace) -> list[Figure]:
    """Time loading and the cells that make a job, in fresh kernels."""
    seen: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        with a_kernel(rows=300) as kernel:
            for name in ("autoreload", "automl_magics"):
                seen.setdefault(name, []).append(float(kernel.run(LOADED.format(name=name))[1]))
            seen.setdefault("first", []).append(kernel.run(f"%automl {MAKE}")[0])
            for _ in range(5):
                seen.setdefault("empty", []).append(kernel.run("pass")[0])
                seen.setdefault("later", []).append(kernel.run(f"%automl {MAKE}")[0])
    half = {name: statistics.median(values) for name, values in seen.items()}
    return [
        Figure(
            "%load_ext automl_magics, s", half["automl_magics"], "autoreload", half["autoreload"]
        ),
        Figure("Shift-Enter to return, first job, s", half["first"], "empty cell", half["empty"]),
        Figure("Shift-Enter to return, later jobs, s", half["later"], "empty cell", half["empty"]),
    ]


def watching(asked: argparse.Namespace) -> list[Figure]:
    """Measure the kernel's share of a core while it watches."""
    with a_kernel(rows=asked.rows) as kernel:
        kernel.run(
            "%load_ext automl_magics\nimport time\n%automl board --into board\nboard.close()"
        )
        time.sleep(5)  # the warm-up's imports
        idle = kernel.share(asked.seconds)
        kernel.run("%automl train data.csv --label y --preset best_quality --name long --into job")
        kernel.run("while job.status != 'running': time.sleep(0.1)")
        trained = kernel.share(asked.seconds)
        kernel.run("%automl monitor long --into monitor")
        time.sleep(5)  # the chart's imports
        one = kernel.share(asked.seconds)
        kernel.run(
            "from automl_widgets import JobMonitor\nmonitors = [JobMonitor(get_ipython()"
            f".run_line_magic('automl', '{MAKE}')) for _ in range({MANY - 1})]"
        )
        many = kernel.share(asked.seconds)
        kernel.run("job.stop()")
    return [
        Figure("watching one running job, share of a core", one, "unwatched", trained),
        Figure(f"watching it and {MANY - 1} that wait", many, "unwatched", trained),
        Figure("unwatched, share of a core", trained, "no job", idle),
    ]


def first_model(asked: argparse.Namespace) -> Figure:
    """Time the first model from Shift-Enter, and the whole of a script that fits one."""
    ours, script = [], []
    for _ in range(max(1, asked.rounds // 2)):
        with a_kernel(rows=asked.rows) as kernel:
            kernel.run("%load_ext automl_magics\nimport time")
            time.sleep(3)  # a person types meanwhile
            ours.append(kernel.run(FIRST)[0])
            kernel.run("job.stop()")
            begin = time.perf_counter()
            subprocess.run([sys.executable, "-c", SCRIPT], cwd=kernel.process.cwd(), check=True)
            script.append(time.perf_counter() - begin)
    return Figure(
        "time to first model, s",
        statistics.median(ours),
        "lightgbm.train",
        statistics.median(script),
    )


def report(figures: list[Figure], asked: argparse.Namespace) -> str:
    rows = "\n".join(figure.row() for figure in figures)
    return (
        f"# What the notebook pays, {datetime.now(UTC):%Y-%m-%d}\n\n"
        f"`make bench-notebook`: {asked.rounds} fresh kernels, {asked.seconds:g} s for each "
        f"watching, {asked.rows:,} rows; Python {platform.python_version()}, {os.cpu_count()} "
        f"cores, load {os.getloadavg()[0]:.1f} at the end. The median of the rounds; the peer was "
        "measured in the same rounds.\n\n"
        "| figure | ours | peer | peer's | ratio |\n|---|---:|---|---:|---:|\n"
        f"{rows}\n"
    )


@contextmanager
def a_kernel(*, rows: int) -> Iterator[Kernel]:
    """Start a kernel in a folder that holds ``data.csv``."""
    with tempfile.TemporaryDirectory(prefix="automl-bench-", ignore_cleanup_errors=True) as place:
        folder = Path(place)
        lines = (f"{n % 97},{n * 7919 % 1000},{n % 13},{int(n % 97 > n % 60)}" for n in range(rows))
        (folder / "data.csv").write_text("\n".join(["a,b,c,y", *lines, ""]))
        kernel = Kernel(folder)
        try:
            yield kernel
        finally:
            kernel.close()


def _cpu(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)


if __name__ == "__main__":
    main()
