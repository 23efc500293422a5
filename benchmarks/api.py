"""The REST API beside a bare Jupyter handler, at 100, 10,000 and 100,000 stored jobs.

    python benchmarks/api.py --jobs 100 10000 100000 --output benchmarks/results/api-DATE.md

For each number of jobs one ``jupyter server`` runs with the extension and with one handler more,
which signs its caller in and answers a constant. In each round every operation is asked for some
requests in turn, the bare handler too, over four connections kept open; a figure is the median of
the rounds. On a busy machine only the ratios mean something.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil
from sqlalchemy import insert, select

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.training import (
    AutoMLTrainingRequest,
    LeaderboardRow,
    LedgerEntry,
    TrainingResult,
)
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.store.tables import RENDERED_DAGS, TRAINING_JOBS

TOKEN, PSK = "the-token-of-the-benchmark", "the-key-of-the-benchmark"
CONNECTIONS = 4
WRITTEN = 4000
"""Jobs to write back to, beside those that are counted."""

BARE = """
from jupyter_server.base.handlers import APIHandler
from tornado import web

class Bare(APIHandler):
    @web.authenticated
    def get(self):
        self.finish('{"status": "fine"}')

def _jupyter_server_extension_points():
    return [{"module": "bare_handler"}]

def _load_jupyter_server_extension(app):
    app.web_app.add_handlers(".*", [("/bare", Bare)])
"""

Ask = Callable[[], bytes]


@dataclass
class Timed:
    """What the requests of one operation took."""

    rates: list[float] = field(default_factory=list)
    """Requests per second, by round."""
    p50: list[float] = field(default_factory=list)
    """Milliseconds, by round."""
    p99: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    """Milliseconds of the server's processor time for a request, by round."""

    def note(self, seconds: float, latencies: Sequence[float], processor: float) -> None:
        cuts = statistics.quantiles(latencies, n=100)
        self.rates.append(len(latencies) / seconds)
        self.p50.append(cuts[49] * 1000)
        self.p99.append(cuts[98] * 1000)
        self.processor.append(processor / len(latencies) * 1000)


def main() -> None:
    options = _options()
    measured = {}
    for number in options.jobs:
        measured[number] = measure(number, options.rounds, options.requests)
        print(json.dumps({number: {name: vars(one) for name, one in measured[number].items()}}))
    text = report(measured, options)
    if options.output:
        options.output.write_text(text)
    print(text)


def measure(number: int, rounds: int, requests: int) -> dict[str, Timed]:
    """Return what each operation takes on a store of so many jobs."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        stored, written = fill(Settings(home=root / "home", psk=PSK), root, number)
        with server(root) as (port, process):
            asked = operations(port, stored, written)
            timed = {name: Timed() for name in asked}
            for name, ask in asked.items():  # warm up
                asyncio.run(_run(port, ask, _share(name, requests) // 4))
            for _ in range(rounds):
                for name, ask in asked.items():
                    before = _processor_time(process)
                    took = asyncio.run(_run(port, ask, _share(name, requests)))
                    timed[name].note(*took, _processor_time(process) - before)
    return timed


def _processor_time(process: psutil.Process) -> float:
    """Return the seconds that all of its threads have had a processor for."""
    return float(sum(process.cpu_times()[:2]))


def _share(name: str, requests: int) -> int:
    """Return how many requests an operation gets: slow ones fewer."""
    return max(CONNECTIONS * 4, requests // 10) if name in ("list of 200", "create") else requests


def operations(port: int, stored: list[UUID], written: list[UUID]) -> dict[str, Ask]:
    """Return what makes the requests of each operation."""
    chance = random.Random(7)
    token, psk = f"Authorization: Bearer {TOKEN}", f"Authorization-PSK: {PSK}"
    jobs = "/api/automl/train/jobs"
    body = {"source_table": "churn.csv", "label_column": "churned", "auto_trigger": False}
    backs = (
        (f"{jobs}/{job_id}/status", {"status": status})
        for job_id in written
        for status in ("running", "complete")
    )

    def write_back() -> bytes:
        path, content = next(backs)
        return _request(port, "PUT", path, psk, content)

    return {
        "bare handler": lambda: _request(port, "GET", "/bare", token),
        "read": lambda: _request(port, "GET", f"{jobs}/{chance.choice(stored)}", token),
        "writeback": write_back,
        "list of 20": lambda: _request(port, "GET", jobs, token),
        "list of 200": lambda: _request(port, "GET", f"{jobs}?limit=200", token),
        "create": lambda: _request(port, "POST", "/api/automl/train", token, body),
    }


def fill(settings: Settings, root: Path, number: int) -> tuple[list[UUID], list[UUID]]:
    """Store so many jobs that are over, and some that wait to be written back to; return both."""
    rows = [f"{row % 60},{row % 7},{'yes' if row % 3 else 'no'}" for row in range(200)]
    (root / "churn.csv").write_text("\n".join(["tenure,plan,churned", *rows]))
    store = Store.open(settings)
    request = AutoMLTrainingRequest(
        source_table=str(root / "churn.csv"), label_column="churned", auto_trigger=False
    )
    first = TrainingService(store, settings).create(request)
    with store.jobs._database.write() as connection:
        chosen = select(TRAINING_JOBS).where(TRAINING_JOBS.c.job_id == first.job_id)
        template = dict(connection.execute(chosen).mappings().one())
        begin = datetime.now(UTC) - timedelta(days=365)
        ids: list[UUID] = []
        while len(ids) < number + WRITTEN:
            values = []
            for _ in range(min(5000, number + WRITTEN - len(ids))):
                job_id, at = uuid4(), begin + timedelta(seconds=60 * len(ids))
                ids.append(job_id)
                over = {}
                if len(ids) <= number:
                    over = {
                        "status": JobStatus.COMPLETE,
                        "result": _result(),
                        "finished_at": at + timedelta(seconds=50),
                    }
                values.append(
                    {
                        **template,
                        "job_id": job_id,
                        "name": f"job {len(ids)}",
                        "result": None,
                        "created_at": at,
                        "updated_at": at,
                        **over,
                    }
                )
            connection.execute(insert(TRAINING_JOBS), values)
            dag = {"rendered_dag": first.rendered_dag}
            dags = [{"training_job_id": one["job_id"], **dag} for one in values]
            connection.execute(insert(RENDERED_DAGS), dags)
    store.close()
    return ids[:number], ids[number:]


def _result() -> dict[str, object]:
    leaderboard = [
        LeaderboardRow(
            rank=rank,
            candidate=f"lightgbm-r{rank}",
            algorithm="lightgbm_classifier",
            score=0.9 - rank / 100,
            scores={"roc_auc": 0.9, "logloss": 0.3, "accuracy": 0.8},
            seconds=2.5,
            is_best=rank == 1,
        )
        for rank in range(1, 21)
    ]
    return TrainingResult(
        problem_type="binary_classification",
        algorithm="lightgbm_classifier",
        best_candidate="lightgbm-r1",
        metric="roc_auc",
        higher_is_better=True,
        validation_score=0.89,
        test_score=0.88,
        train_rows=1000,
        validation_rows=200,
        test_rows=200,
        feature_columns=[f"column_{number}" for number in range(30)],
        leaderboard=leaderboard,
        ledger=[LedgerEntry(item="search", seconds=40.0)],
        seconds=50.0,
    ).model_dump(mode="json")


@contextmanager
def server(root: Path) -> Iterator[tuple[int, psutil.Process]]:
    """Run a Jupyter server with the extension and the bare handler; yield its port and itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (root / "bare_handler.py").write_text(BARE)
    folders = {f"JUPYTER_{name}_DIR": str(root / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"),
            *(f"--port={port}", "--ServerApp.port_retries=0", f"--ServerApp.root_dir={root}"),
            f"--IdentityProvider.token={TOKEN}",
            "--ServerApp.jpserver_extensions={'automl_server': True, 'bare_handler': True}",
            "--ServerApp.log_level=WARN",
        ],
        env={
            **os.environ,
            **folders,
            "AUTOML_HOME": str(root / "home"),
            "AUTOML_PSK": PSK,
            "AUTOML_MAX_JOBS": "0",
            "PYTHONPATH": os.pathsep.join([str(root), *filter(None, sys.path)]),
        },
    )
    try:
        _wait_for(f"http://127.0.0.1:{port}/api/automl/openapi.json", process)
        yield port, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            httpx.get(url, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    sys.exit("the server ended before it answered")


async def _run(port: int, ask: Ask, requests: int) -> tuple[float, list[float]]:
    """Send so many requests over a few connections; return all seconds and each one's."""
    latencies: list[float] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(requests // CONNECTIONS):
            content = ask()
            begin = time.perf_counter()
            writer.write(content)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            answer = await reader.readexactly(length)
            latencies.append(time.perf_counter() - begin)
            if head.split(b" ", 2)[1] not in (b"200", b"201"):
                sys.exit(f"{content!r}\n{answer!r}")
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return time.perf_counter() - begin, latencies


def _request(port: int, verb: str, path: str, header: str, content: object = None) -> bytes:
    body = b"" if content is None else json.dumps(content).encode()
    kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return (
        f"{verb} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}\r\n{kind}\r\n".encode()
        + (body)
    )


def report(measured: dict[int, dict[str, Timed]], options: argparse.Namespace) -> str:
    """Return the figures as a page of Markdown."""
    fewest, most = min(measured), max(measured)
    lines = [
        f"# The REST API beside a bare Jupyter handler, {datetime.now(UTC):%Y-%m-%d}",
        "",
        f"`make bench-api`: {options.rounds} rounds of {options.requests} requests to each",
        f"operation over {CONNECTIONS} connections; {_versions()},",
        f"{os.cpu_count()} cores shared by server and client, load {os.getloadavg()[0]:.1f} at the",
        "end. Lists of 200 and creation get a tenth of the requests. Ratios are to the",
        "bare handler in the same rounds: of its rate, and of its rate if only the server's",
        "processor time counted, which other work on the machine does not change.",
        "",
        "| stored jobs | operation | requests/s | of bare | cpu ms | of bare | p50 ms | p99 ms |",
        "|---:|---|---:|---:|---:|---:|---:|---:|",
    ]
    for number, timed in measured.items():
        bare = timed["bare handler"]
        for name, one in timed.items():
            ratio = statistics.median(
                rate / limit for rate, limit in zip(one.rates, bare.rates, strict=True)
            )
            by_processor = statistics.median(bare.processor) / statistics.median(one.processor)
            rate, spent, p50, p99 = map(
                statistics.median, (one.rates, one.processor, one.p50, one.p99)
            )
            lines.append(
                f"| {number:,} | {name} | {rate:,.0f} | {ratio:.2f} | {spent:.2f} |"
                f" {by_processor:.2f} | {p50:.1f} | {p99:.1f} |"
            )
    lines += ["", f"| operation | p99 at {most:,} to that at {fewest:,} |", "|---|---:|"]
    for name in measured[most]:
        ratio = statistics.median(measured[most][name].p99) / statistics.median(
            measured[fewest][name].p99
        )
        lines.append(f"| {name} | {ratio:.2f} |")
    return "\n".join([*lines, ""])


def _versions() -> str:
    packages = ("jupyter-server", "tornado", "pydantic", "SQLAlchemy")
    told = ", ".join(f"{package} {version(package)}" for package in packages)
    return f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {told}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, nargs="+", default=[100, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
