"""Pretrained networks beside what is learned here: in the engine, in jobs, and refused in words."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from automl_magics.contracts.enums import JobStatus
from automl_magics.contracts.errors import InvalidInput, TrainingError
from automl_magics.contracts.networks import ImageNetwork, Networks, TextNetwork
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.dispatcher import BackgroundDispatcher
from automl_magics.job import TrainingJobHandle
from automl_magics.job_networks import networks_of
from automl_magics.service import TrainingService
from automl_magics.session import connect
from automl_magics.settings import Settings, environment
from automl_magics.store import Store
from automl_magics.training.batches import HeldRows
from automl_magics.training.budget import ENDLESS, Budget
from automl_magics.training.embedding import planned_tokens
from automl_magics.training.engine import Outcome, train
from automl_magics.training.images.seen import look
from automl_magics.training.images.stored import StoredPictures
from automl_magics.training.networks.backbone import Backbone
from automl_magics.training.networks.sentences import Sentences
from automl_magics.training.saved import load_model
from automl_magics.training.task import Task
from tests.networks.conftest import WORDS
from tests.pictures import shapes

COUNT = 120


def letters(seed: int = 0) -> list[str]:
    random = np.random.default_rng(seed)
    moods = (["lovely", "great"], ["terrible", "broken"])
    return [
        " ".join([*random.choice(WORDS[:7], 6), *random.choice(moods[row % 2], 2)])
        for row in range(COUNT)
    ]


def texts() -> pa.Table:
    return pa.table({"letter": letters(), "mood": ["glad", "angry"] * (COUNT // 2)})


def learned(table: pa.Table, label: str, networks: Networks) -> Outcome:
    task = Task(label_column=label, max_trials=2, networks=networks)
    return train(table, task, budget=Budget(float("inf")), threads=1)


def test_texts_are_embedded_and_the_model_needs_no_other_files(
    text_network: TextNetwork, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny"
    shutil.copytree(text_network.folder, folder)
    outcome = learned(texts(), "mood", Networks(text=TextNetwork(folder=folder)))
    (used,) = outcome.result.networks
    assert (used.kind, used.name) == ("text", "tiny")
    assert used.size_bytes > 50_000
    assert outcome.result.build is None
    encoder = outcome.model.encoder  # type: ignore[attr-defined]
    assert {"letter network 1", "letter direction 1"} <= set(encoder.names)
    features = encoder.transform(texts())
    assert features.sparse.apart == (4 + sum("network" in name for name in encoder.names),)

    rows = pa.table({"letter": [*letters(seed=1), None, "", "zzz"]})
    expected = outcome.model.predict(rows)
    outcome.model.save(tmp_path / "model")
    shutil.rmtree(folder)
    again = load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(again.predict(rows), expected)
    pd.testing.assert_frame_equal(
        again.predict(rows.slice(3, 1)), expected[3:4].reset_index(drop=True)
    )
    assert {"torch", "sentence-transformers"} <= set(again.libraries)
    files = {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()}
    assert files <= {".json", ".npz", ".txt", ".safetensors"}


def test_pictures_are_seen_by_the_network_too(image_network: ImageNetwork, tmp_path: Path) -> None:
    weights = shutil.copy(image_network.weights, tmp_path / "weights.pt")
    network = image_network.model_copy(update={"weights": Path(weights)})
    outcome = learned(shapes(COUNT), "shape", Networks(image=network))
    (used,) = outcome.result.networks
    assert (used.kind, used.name) == ("image", image_network.architecture)
    names = outcome.model.encoder.names  # type: ignore[attr-defined]
    assert {"picture network 1", "picture shape 1"} <= set(names)

    rows = pa.table({"picture": [*shapes(20, seed=1).column("picture").to_pylist(), None, b"junk"]})
    expected = outcome.model.predict(rows)
    outcome.model.save(tmp_path / "model")
    Path(weights).unlink()
    again = load_model(tmp_path / "model")
    pd.testing.assert_frame_equal(again.predict(rows), expected)
    pd.testing.assert_frame_equal(
        again.predict(rows.slice(3, 1)), expected[3:4].reset_index(drop=True)
    )
    assert expected.iloc[-1, 1:].to_list() == pytest.approx([1 / 3] * 3)
    assert not list((tmp_path / "model").rglob("*.pt"))


def test_a_slow_machine_reads_fewer_tokens_or_none(text_network: TextNetwork) -> None:
    network = Sentences(text_network.folder)

    def tokens(*probes: float) -> int | None:
        moments = itertools.chain.from_iterable((0.0, probe) for probe in probes)
        return planned_tokens(
            network, letters(), 10.0, threads=1, seed=0, clock=lambda: next(moments)
        )

    assert network.most_tokens == 64
    assert tokens(0.01) == 64
    assert tokens(60.0, 0.01) == 32
    assert tokens(60.0, 60.0) is None


def test_a_slow_machine_does_without_the_network(image_network: ImageNetwork) -> None:
    stored = StoredPictures(HeldRows(shapes(20)), "picture", np.arange(20))
    network = Backbone(image_network.architecture, image_network.weights)
    clock = itertools.count(0.0, 60.0)
    seen = look(
        network, stored, 10.0, ENDLESS, threads=1, seed=0, clock=lambda: next(clock)
    )  # fmt: skip
    assert seen is None


@pytest.fixture
def settings(
    settings: Settings,
    text_network: TextNetwork,
    image_network: ImageNetwork,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    found = settings.model_copy(
        update={
            "text_model": text_network.folder,
            "image_model": image_network.architecture,
            "image_weights": image_network.weights,
        }
    )
    for name, value in environment(found).items():
        monkeypatch.setenv(name, value)
    return found


def test_from_a_file_to_a_deployment_that_embeds_and_sees(
    dispatcher: BackgroundDispatcher,
    service: TrainingService,
    settings: Settings,
    request_for: Callable[..., AutoMLTrainingRequest],
    until_over: Callable[..., TrainingJob],
    tmp_path: Path,
) -> None:
    rows = 60
    pictures = shapes(rows).append_column("letter", [letters()[:rows]])
    path = tmp_path / "mail.parquet"
    pictures.to_pandas().to_parquet(path)
    asked = request_for(source_table=str(path), label_column="shape", max_trials=1, time_limit=None)
    job = until_over(service.create(asked))
    assert job.status is JobStatus.COMPLETE, job.error_message
    assert job.result is not None
    used = {network.kind: network for network in job.result.networks}
    assert used["text"].name == "tiny-sentences"
    assert used["image"].name == "test_resnet"

    with connect(settings=settings) as session:
        session.models.deploy(str(job.job_id))
        content = base64.b64encode(pictures.column("picture")[0].as_py()).decode()
        sent = [{"picture": content, "letter": letters()[0]}, {"picture": None, "letter": None}]
        answers = session.models.predict(str(job.registered_model_name), sent)
    known = TrainingJobHandle(session, job).predict(pictures.slice(0, 1)).iloc[0]
    assert answers[0]["prediction"] == known["prediction"]
    assert answers[0]["probability_circle"] == pytest.approx(known["probability_circle"], abs=1e-3)
    assert answers[1]["probability_circle"] == pytest.approx(1 / 3)

    extended = job.model_copy(update={"status": JobStatus.QUEUED})
    assert networks_of(extended, settings.networks) == settings.networks
    with pytest.raises(TrainingError, match="learned with the text model tiny-sentences"):
        networks_of(extended, Networks(image=settings.networks.image))


def broken_text_model(folder: Path, text_network: TextNetwork, how: str) -> Path:
    shutil.copytree(text_network.folder, folder)
    modules = folder / "modules.json"
    if how == "no model":
        modules.unlink()
    elif how == "code":
        told = json.loads(modules.read_text())
        told[0]["type"] = "os.path.Transformer"
        modules.write_text(json.dumps(told))
    else:
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return folder


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("no model", "AUTOML_TEXT_MODEL is no folder of a sentence-transformers model: it has no"),
        ("code", "its part os.path.Transformer is code from elsewhere"),
        ("pickle", "its weights are no safetensors"),
    ],
)
def test_what_is_no_text_model_is_refused_before_there_is_a_job(
    store: Store,
    settings: Settings,
    text_network: TextNetwork,
    request_for: Callable[..., AutoMLTrainingRequest],
    tmp_path: Path,
    how: str,
    said: str,
) -> None:
    folder = broken_text_model(tmp_path / "broken", text_network, how)
    service = TrainingService(store, settings.model_copy(update={"text_model": folder}))
    texts().to_pandas().to_csv(tmp_path / "letters.csv", index=False)
    asked = request_for(source_table=str(tmp_path / "letters.csv"), label_column="mood")
    with pytest.raises(InvalidInput, match=said):
        service.create(asked)
    assert not service.find().jobs
    service.check(request_for())  # neither texts nor pictures: nothing to say


def test_settings_of_pictures_come_in_pairs() -> None:
    with pytest.raises(InvalidInput, match="AUTOML_IMAGE_MODEL is set and AUTOML_IMAGE_WEIGHTS is"):
        _ = Settings(image_model="resnet18").networks


@pytest.mark.parametrize(
    ("architecture", "content", "said"),
    [
        (
            "test_resnet1",
            None,
            "timm has no architecture 'test_resnet1'. Did you mean 'test_resnet'",
        ),
        ("test_vit", None, "are not those of test_vit: the file lacks"),
        ("test_resnet", b"no weights", "cannot be read"),
    ],
)
def test_weights_that_do_not_fit_are_told(
    image_network: ImageNetwork, tmp_path: Path, architecture: str, content: bytes | None, said: str
) -> None:
    weights = image_network.weights
    if content is not None:
        weights = tmp_path / "weights.pt"
        weights.write_bytes(content)
    with pytest.raises(InvalidInput, match=said):
        _ = Backbone(architecture, weights).side


def test_what_is_not_installed_is_told_in_one_line(
    text_network: TextNetwork, tmp_path: Path
) -> None:
    texts().to_pandas().to_csv(tmp_path / "letters.csv", index=False)
    without = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-m", "automl_magics.cli", "train", "letters.csv", "--label", "mood"],
        env={**without, "AUTOML_TEXT_MODEL": str(text_network.folder)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert (
        done.stderr.strip()
        .splitlines()[-1]
        .endswith(
            "AUTOML_TEXT_MODEL is set, and sentence-transformers is not installed here."
            " Install automl-magics[text]."
        )
    )
