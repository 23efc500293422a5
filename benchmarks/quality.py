"""Our engine beside other AutoML systems: one run at a time, on the same rows and budget.

    python benchmarks/quality.py DATA --sets adult california --systems ours lightgbm \
        --budgets 30 60 --seeds 1 --results benchmarks/results/quality.csv

DATA holds ``manifest.json`` (a list ``sets`` of ``name``, ``folder``, ``target``,
``problem_type``, ``metric``) and for each set ``train.parquet`` and ``test.parquet``. Each system
runs in a process of its own, those of others in environments of their own (``--environments``,
made on first use from ``systems/requirements``). The score on the test rows is computed here, from
the predictions. Every run is one line of the results, written at once; lines that are there already
are not run again. ``--table`` prints what the results say and runs nothing.
"""

import argparse
import csv
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from environments import interpreter, versions

HERE = Path(__file__).parent
SYSTEMS: dict[str, dict[str, Any]] = json.loads((HERE / "systems" / "systems.json").read_text())
COLUMNS = [
    "when", "set", "problem_type", "metric", "system", "budget", "seed", "score", "ready_seconds",
    "overshoot", "predict_seconds", "peak_mb", "model_mb", "cpu_seconds", "others_cpu", "status",
    "versions", "note",
]  # fmt: skip
KEY = ["set", "system", "budget", "seed"]
PACKAGES = ["automl-magics", "lightgbm", "xgboost", "flaml", "mljar-supervised",
            "autogluon.tabular"]  # fmt: skip


def main() -> None:
    arguments = _arguments()
    if arguments.table:
        print(table(pd.read_csv(arguments.results)))
        return
    done = _done(arguments.results)
    for job in _jobs(arguments):
        if tuple(str(job[name]) for name in KEY) in done:
            continue
        row = run(job, arguments)
        _append(arguments.results, row)
        print(
            f"{row['set']:<22}{row['system']:<22}{row['budget']:>5} s  {row['metric']}"
            f" {row['score']}  ready {row['ready_seconds']} s  {row['peak_mb']} MB"
            f"  {row['status']} {row['note']}",
            flush=True,
        )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=Path, nargs="?", help="folder of the sets")
    parser.add_argument("--sets", nargs="*", help="names; all tabular ones when left out")
    parser.add_argument("--systems", nargs="*", default=["ours", "lightgbm"], choices=SYSTEMS)
    parser.add_argument("--budgets", nargs="*", type=int, default=[60])
    parser.add_argument("--seeds", nargs="*", type=int, default=[1])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path, default=HERE / "results" / "quality.csv")
    parser.add_argument("--environments", type=Path, default=HERE / ".environments")
    parser.add_argument("--table", action="store_true", help="print what the results say")
    arguments = parser.parse_args()
    if arguments.data is None and not arguments.table:
        parser.error("name the folder of the sets")
    return arguments


def _jobs(arguments: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the runs: all systems on a set before the next set."""
    known = json.loads((arguments.data / "manifest.json").read_text())["sets"]
    for budget in arguments.budgets:
        for seed in arguments.seeds:
            for item in known:
                tabular = item["problem_type"] in ("binary", "multiclass", "regression")
                if not tabular or (arguments.sets and item["name"] not in arguments.sets):
                    continue
                for system in arguments.systems:
                    yield {"set": item["name"], "system": system, "budget": budget,
                           "seed": seed, "item": item}  # fmt: skip


def run(job: dict[str, Any], arguments: argparse.Namespace) -> dict[str, Any]:
    """Do one run in a process group of its own, killed at two and a half times its budget."""
    item, system = job["item"], SYSTEMS[job["system"]]
    source = (arguments.data / item["folder"]).resolve()
    python = interpreter(system["environment"], arguments.environments)
    name = "-".join(str(job[key]) for key in KEY)
    folder = (arguments.environments / "runs" / name).resolve()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    document = {
        "train": str(source / "train.parquet"), "test": str(source / "test.parquet"),
        "target": item["target"], "problem_type": item["problem_type"], "metric": item["metric"],
        "budget": job["budget"], "seed": job["seed"], "threads": arguments.threads,
        "options": system["options"], "started": time.time(),
    }  # fmt: skip
    (folder / "job.json").write_text(json.dumps(document))
    command = [*_on(arguments.threads), str(python), str(HERE / "systems" / system["script"])]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            [*command, str(folder)], stdout=log, stderr=subprocess.STDOUT, cwd=folder,
            env={**os.environ, "PYTHONWARNINGS": "ignore"}, start_new_session=True,
        )  # fmt: skip
        watched = _watch(process, 2.5 * job["budget"] + 90)
    row: dict[str, Any] = {
        "when": datetime.now(UTC).strftime("%Y-%m-%d %H:%M"), "set": item["name"],
        "problem_type": item["problem_type"], "metric": item["metric"], "system": job["system"],
        "budget": job["budget"], "seed": job["seed"], "versions": versions(python, PACKAGES),
        **watched,
    }  # fmt: skip
    row.update(_outcome(folder, item, source, row))
    shutil.rmtree(folder / "model", ignore_errors=True)
    return row


def _outcome(
    folder: Path, item: dict[str, Any], source: Path, row: dict[str, Any]
) -> dict[str, Any]:
    """Return the score and what the system said about itself."""
    try:
        answer = json.loads((folder / "answer.json").read_text())
        label = pd.read_parquet(source / "test.parquet", columns=[item["target"]])[item["target"]]
        predictions = np.load(folder / "predictions.npy")
        value = score(item["problem_type"], label, predictions, answer["classes"])
    except (OSError, ValueError, KeyError) as error:
        log = (folder / "log.txt").read_text(errors="replace").strip().splitlines() or [""]
        status = "failed" if row["status"] == "ok" else row["status"]
        return {"status": status, "note": f"{type(error).__name__}: {log[-1]}"[:200], "score": None}
    return {
        "score": value,
        "ready_seconds": round(answer["ready"], 2),
        "overshoot": round(max(0.0, answer["ready"] - row["budget"]), 2),
        "predict_seconds": round(answer["predict"], 3),
        "model_mb": round(answer.get("model_bytes", 0) / 1e6, 1) or None,
        "note": answer["note"],
    }


def score(problem_type: str, label: Any, predictions: Any, classes: list[str] | None) -> float:
    """Return the set's metric: area under the curve, log loss, or root mean squared error."""
    from sklearn.metrics import roc_auc_score

    if problem_type == "regression":
        return float(np.sqrt(np.mean((label.to_numpy(float) - predictions) ** 2)))
    names = [_plain(name) for name in classes or []]
    codes = label.map(_plain)
    if problem_type == "binary":
        positive = sorted(set(codes))[1]
        column = predictions if predictions.ndim == 1 else predictions[:, names.index(positive)]
        return float(roc_auc_score(codes == positive, column))
    clipped = np.clip(predictions, 1e-15, 1.0)
    clipped /= clipped.sum(axis=1, keepdims=True)
    places = codes.map({name: place for place, name in enumerate(names)})
    chosen = clipped[np.arange(len(clipped)), places.fillna(0).astype(int)]
    return float(-np.log(np.where(places.isna(), 1e-15, chosen)).mean())


def table(results: pd.DataFrame) -> str:
    """Return, for each budget, mean ranks, wins and what the runs cost, as Markdown."""
    parts = []
    for budget, runs in results.groupby("budget"):
        loss = np.where(runs["metric"] == "roc_auc", 1 - runs["score"], runs["score"])
        runs = runs.assign(loss=np.where(runs["score"].isna(), np.inf, loss))  # noqa: PLW2901
        losses = runs.pivot_table("loss", ["set", "seed"], "system", dropna=False).dropna(axis=1)
        losses = losses.groupby("set").mean()
        ranks = losses.rank(axis=1)
        summary = pd.DataFrame({"mean rank": ranks.mean(), "first": (ranks == 1).sum()})
        if "ours" in losses:
            ratio = losses.rdiv(losses["ours"], axis=0)
            summary["ours better on"] = (ratio < 1).sum()
            summary["ours / it"] = np.exp(np.log(ratio).mean())
        costs = runs.groupby("system").agg(
            ready=("ready_seconds", "median"), worst_overshoot=("overshoot", "max"),
            peak_mb=("peak_mb", "max"), model_mb=("model_mb", "median"),
            failures=("status", lambda status: int((status != "ok").sum())),
        )  # fmt: skip
        summary = summary.join(costs).sort_values("mean rank").round(3)
        parts.append(f"{budget} s, {len(losses)} sets\n\n{_markdown(summary)}")
    return "\n\n".join(parts)


def _markdown(frame: pd.DataFrame) -> str:
    names = ["system", *map(str, frame.columns)]
    lines = ["| " + " | ".join(names) + " |", "|---" * len(names) + "|"]
    lines += [f"| {name} | " + " | ".join(map(str, row)) + " |"
              for name, row in zip(frame.index, frame.to_numpy(), strict=True)]  # fmt: skip
    return "\n".join(lines)


def _plain(value: Any) -> str:
    """Return a class as text; 1.0 reads as 1."""
    text = str(value)
    return text.removesuffix(".0")


def _watch(process: "subprocess.Popen[bytes]", limit: float) -> dict[str, Any]:
    """Wait for a process and its children; return memory and processor time."""
    begun, peak, seconds, status = time.time(), 0, {}, "ok"
    before = psutil.cpu_times()
    root = psutil.Process(process.pid)
    while process.poll() is None:
        memory = 0
        try:
            for one in [root, *root.children(recursive=True)]:
                memory += one.memory_info().rss
                times = one.cpu_times()
                seconds[one.pid] = times.user + times.system
        except psutil.Error:
            pass
        peak = max(peak, memory)
        if time.time() - begun > limit:
            status = "killed"
            os.killpg(process.pid, signal.SIGKILL)
            break
        time.sleep(0.2)
    process.wait()
    after, own = psutil.cpu_times(), sum(seconds.values())
    busy = after.user + after.system - before.user - before.system
    return {
        "status": status,
        "peak_mb": round(peak / 1e6),
        "cpu_seconds": round(own, 1),
        "others_cpu": round(max(0.0, busy - own) / max(0.1, time.time() - begun), 2),
    }


def _on(threads: int) -> list[str]:
    """Return what keeps a process on the first processors, where there is such a thing."""
    return ["taskset", "-c", f"0-{threads - 1}"] if shutil.which("taskset") else []


def _done(results: Path) -> set[tuple[str, ...]]:
    if not results.exists():
        return set()
    with results.open(newline="") as file:
        return {tuple(row[name] for name in KEY) for row in csv.DictReader(file)}


def _append(results: Path, row: dict[str, Any]) -> None:
    results.parent.mkdir(parents=True, exist_ok=True)
    new = not results.exists()
    with results.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main()
