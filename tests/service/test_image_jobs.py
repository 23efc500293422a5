"""Jobs on pictures: from a file that names them to a deployment, and what is refused before."""

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from automl_magics.cli import main
from automl_magics.contracts.enums import JobStatus, PredictorType
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher
from automl_magics.documents.notebook import check_rebuilt
from automl_magics.job import TrainingJobHandle
from automl_magics.service import Caller, TrainingService
from automl_magics.session import connect
from automl_magics.settings import Settings
from automl_magics.training.batches import StoredRows
from automl_magics.worker import rows_to_train
from tests.pictures import shapes

Request = Callable[..., AutoMLTrainingRequest]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of pictures, and the file that names them."""
    folder = tmp_path / "set"
    (folder / "pics").mkdir(parents=True)
    rows = shapes(48).to_pandas()
    for row, content in enumerate(rows["picture"]):
        (folder / "pics" / f"{row}.png").write_bytes(content)
    rows["picture"] = [f"pics/{row}.png" for row in rows.index]
    (folder / "pics" / "7.png").write_bytes(b"\x89PNG and then nothing")
    rows.to_csv(folder / "shapes.csv", index=False)
    return folder


def test_from_files_to_predictions_that_need_none(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_for: Request,
    until: Callable[..., Any],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    root = Caller("ada", root=tmp_path)
    request = request_for(
        source_table="set/shapes.csv", label_column="shape", max_trials=2, time_limit=None
    )
    job: TrainingJob = service.on_behalf_of(root).create(request)
    assert job.request.predictor_type is PredictorType.IMAGE
    lines = [line.message for line in service.logs(job.job_id)]
    assert "Image, since 'picture' holds images." in lines[0]
    job = until(lambda: service.get(job.job_id), lambda job: job.status.is_terminal)
    assert job.status is JobStatus.COMPLETE, job.error_message
    assert job.result is not None
    assert job.snapshot is not None
    assert job.snapshot.columns == 2
    assert (
        "1 row is left out, whose 'picture' cannot be read: 'pics/7.png' is no picture"
        in job.result.warnings[0]
    )
    assert isinstance(rows_to_train(job, job.snapshot), StoredRows)
    assert check_rebuilt(job)[1].columns[0].kind == "image"

    told = (
        "2 of 48 pictures in 'picture' cannot be read and count as missing: 'pics/7.png' is no"
        " picture that can be read, 'pics/9.png' is not there."
    )
    contents = [(folder / "pics" / f"{row}.png").read_bytes() for row in range(3)]
    monkeypatch.chdir(tmp_path)
    with connect(settings=settings) as session:
        handle = TrainingJobHandle(session, job)
        by_file = handle.predict("set/shapes.csv").head(3)
        monkeypatch.chdir(folder)
        by_name = handle.predict(pd.DataFrame({"picture": ["pics/0.png", "pics/1.png"]}))
        (folder / "pics" / "9.png").unlink()
        monkeypatch.chdir(tmp_path)
        caplog.clear()
        assert len(handle.predict("set/shapes.csv")) == 48
        ours = [one for one in caplog.records if one.name.startswith("automl_magics")]
        assert [one.getMessage() for one in ours] == [told]
        capsys.readouterr()
        assert main(["predict", str(job.job_id), "set/shapes.csv", "--json"]) == 0
        assert json.loads(capsys.readouterr().err) == {"notices": [told]}
        shutil.rmtree(folder / "pics")
        by_bytes = handle.predict(pd.DataFrame({"picture": contents}))
        pd.testing.assert_frame_equal(by_file, by_bytes)
        pd.testing.assert_frame_equal(by_name, by_bytes.head(2))
        texts = [base64.b64encode(content).decode() for content in contents]
        session.models.deploy(str(job.job_id))
        name = str(job.registered_model_name)
        rows = session.models.predict(name, [{"picture": text} for text in (*texts, None)])
        assert [row["prediction"] for row in rows[:3]] == by_bytes["prediction"].tolist()
        beside = pa.array([{"bytes": one, "path": "moved.png"} for one in contents])
        deployed = handle.deploy()
        assert deployed.pictures == ["picture"]
        by_deployment = deployed.predict(pa.table({"picture": beside}))
        assert by_deployment["prediction"].tolist() == by_bytes["prediction"].tolist()
        gone = pa.array([beside[0].as_py(), {"bytes": None, "path": "9.png"}])
        assert len(deployed.predict(pa.table({"picture": gone}))) == 2
        assert "1 of 2 pictures in 'picture' cannot be read and counts" in caplog.messages[-1]
        assert "'9.png' is not there." in caplog.messages[-1]
        with pytest.raises(InvalidInput, match="neither bytes nor base 64"):
            session.models.predict(name, [{"picture": "pics/0.png"}])


def refusal(service: TrainingService, root: Path, request: AutoMLTrainingRequest) -> InvalidInput:
    with pytest.raises(InvalidInput) as refused:
        service.on_behalf_of(Caller("ada", root=root)).create(request)
    assert service.find().count == 0
    return refused.value


def test_what_cannot_be_learned_from_is_refused(
    service: TrainingService, request_for: Request, folder: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "served"
    elsewhere.mkdir()
    rows = pd.read_csv(folder / "shapes.csv")
    rows["picture"] = "../set/" + rows["picture"]
    rows.to_csv(elsewhere / "shapes.csv", index=False)
    rows.drop(columns="picture").assign(size=1).to_csv(elsewhere / "none.csv", index=False)
    asked = {"label_column": "shape", "predictor_type": "image"}
    outside = refusal(service, elsewhere, request_for(source_table="shapes.csv", **asked))
    assert outside.field == "predictor_type"
    assert "none that can be read within the folder" in str(outside)
    none = refusal(service, elsewhere, request_for(source_table="none.csv", **asked))
    assert none.field == "predictor_type"
    assert "needs a column that holds images" in str(none)


def test_names_of_pictures_that_are_not_there_are_just_text(
    service: TrainingService, request_for: Request, folder: Path
) -> None:
    shutil.rmtree(folder / "pics")
    rows = pd.read_csv(folder / "shapes.csv").assign(size=range(48))
    rows.to_csv(folder / "shapes.csv", index=False)
    request = request_for(source_table="shapes.csv", label_column="shape", auto_trigger=False)
    job = service.on_behalf_of(Caller("ada", root=folder)).create(request)
    assert job.request.predictor_type is PredictorType.TABULAR
