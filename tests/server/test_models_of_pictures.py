"""Deployments of models that learn from pictures and texts, over HTTP as over the client."""

import base64
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from automl_magics.contracts.dialects import job_id_b
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.contracts.training import TrainingJob
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.tracking import load_trained_model
from tests.pictures import shapes

INVOCATIONS = "models/default-kinds/invocations"


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Pictures, texts and numbers that each say a part of what kind a row is of."""
    table, random = shapes(60), np.random.default_rng(0)
    late = random.random(60) < 0.5
    words = random.choice(["parcel", "lamp", "chair", "blue", "box", "order"], (60, 6))
    notes = [
        f"{' '.join(row)} {'late' if one else 'fine'}" for row, one in zip(words, late, strict=True)
    ]
    round_ = np.array(table.column("shape").to_pylist()) == "circle"
    kind = pa.array(np.where(late | round_, "look", "leave"))
    parts = {"picture": table.column("picture"), "note": notes, "size": random.normal(size=60)}
    return pa.table({**parts, "kind": kind})


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, rows: pa.Table, mlflow_store: Path) -> Path:
    folder = tmp_path_factory.mktemp("kinds")
    pq.write_table(rows, folder / "kinds.parquet")
    shutil.copy(mlflow_store, Settings(home=folder / "home").folder("mlflow") / "mlflow.db")
    script = Path(__file__).parents[1] / "finished_jobs.py"
    command = [sys.executable, script, folder / "home", folder / "kinds.parquet"]
    subprocess.run(command, check=True)
    return folder / "home"


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    return Settings(home=shutil.copytree(home, tmp_path / "automl"))


@pytest.fixture
def job(settings: Settings) -> TrainingJob:
    store = Store.open(settings)
    (job,) = store.jobs.find(TrainingJobFilter()).jobs
    store.close()
    return job


async def test_pictures_are_sent_as_base_64_beside_texts_and_numbers(
    ask_b: Any,
    job: TrainingJob,
    settings: Settings,
    rows: pa.Table,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert job.request.predictor_type == "multimodal"
    assert (await ask_b("POST", f"jobs/{job_id_b(job.job_id)}/deploy")).status_code == 200
    inputs = (await ask_b("GET", "models/default-kinds")).json()["inputs"]
    kinds = {"picture": "any", "note": "string", "size": "double"}
    assert {one["name"]: one["type"] for one in inputs} == kinds
    frame = rows.select(list(kinds)).slice(0, 4).to_pandas()
    frame.loc[3, ["note", "picture"]] = None
    frame.loc[2, "picture"] = b"\x89PNG and then nothing"
    wanted = load_trained_model(settings, job).predict(frame)
    sent = frame.assign(picture=[_as_text(content) for content in frame["picture"]])
    records = sent.astype(object).where(sent.notna(), None).to_dict(orient="records")
    split = {"columns": list(kinds), "data": [list(row.values()) for row in records]}
    for body in ({"dataframe_records": records}, {"dataframe_split": split}):
        answer = await ask_b("POST", INVOCATIONS, json=body)
        assert answer.status_code == 200, answer.text
        found = pd.DataFrame(answer.json()["predictions"])
        pd.testing.assert_frame_equal(found, wanted.reset_index(drop=True))
    told = [line for line in caplog.messages if line.startswith("The scoring process: ")]
    line = "1 of 3 pictures in 'picture' cannot be read and counts as missing: row 3 is no picture"
    about = "The scoring process: default-kinds version 1: "
    assert told == 2 * [f"{about}{line} that can be read."]
    named = {"dataframe_records": [{**records[0], "picture": "pictures/0.png"}]}
    answer = await ask_b("POST", INVOCATIONS, json=named)
    assert answer.status_code == 400
    assert "neither bytes nor base 64" in answer.json()["message"]
    assert "Traceback" not in answer.text


async def test_the_panels_form_sees_pictures_and_texts_before_there_is_a_job(
    ask: Any, ask_b: Any, rows: pa.Table, jp_root_dir: Path
) -> None:
    contents = rows.column("picture").to_pylist()
    beside = [{"bytes": one, "path": f"{row}.png"} for row, one in enumerate(contents)]
    pq.write_table(rows.set_column(0, "picture", pa.array(beside)), jp_root_dir / "kinds.parquet")
    looked = (await ask("POST", "train/source", json={"source_table": "kinds.parquet"})).json()
    assert looked["rows"][0][0] == f"{len(contents[0]):,} bytes"
    body = {"source_table": "kinds.parquet", "label_column": "kind", "auto_trigger": False}
    for columns, kind, reason in (
        (["picture"], "image", "Image, since 'picture' holds images."),
        (["note"], "text", "Text, since 'note' holds texts."),
        (None, "multimodal", "Multimodal, since 'picture' holds images beside 2 other columns."),
    ):
        asked = body if columns is None else {**body, "feature_columns": columns}
        assert reason in (await ask("POST", "train/check", json=asked)).json()["reason"]
        made = await ask("POST", "train", json=asked)
        assert made.status_code == 201, made.text
        job = (await ask_b("GET", f"jobs/{made.json()['job_id']}")).json()
        assert job["predictorType"] == kind


def _as_text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode("ascii")
