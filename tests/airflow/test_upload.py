"""DAGs where Airflow reads them, and the verb that shows them; no Airflow is needed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from automl_magics.contracts.enums import ExecutorName
from automl_magics.contracts.errors import InvalidInput, Unavailable
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.job import TrainingJobHandle
from automl_magics.magics.grammar import parse
from automl_magics.magics.verbs import Place, run
from automl_magics.service import TrainingService
from automl_magics.service.doctor import check_all
from automl_magics.session import connect
from automl_magics.settings import Settings
from automl_magics.store import Store

Request = Callable[..., AutoMLTrainingRequest]


def service_with(store: Store, settings: Settings, **changes: object) -> TrainingService:
    airflow = {
        "airflow_url": "http://user:secret@127.0.0.1:9/base/",
        "airflow_callback_url": "http://127.0.0.1:9/",
        **changes,
    }
    return TrainingService(store, settings.model_copy(update=airflow))


@pytest.mark.parametrize("where", ["folder", "memory"])
def test_a_dag_is_uploaded_on_creation_and_removed_with_its_job(
    store: Store, settings: Settings, request_for: Request, tmp_path: Path, where: str
) -> None:
    url = str(tmp_path / "dags") if where == "folder" else f"memory://{tmp_path.name}/dags"
    service = service_with(store, settings, airflow_dags_url=url)
    job = service.create(request_for(executor="airflow", auto_trigger=False))
    fs, folder = fsspec.url_to_fs(url)
    assert [Path(path).name for path in fs.ls(folder, detail=False)] == [f"{job.airflow_dag_id}.py"]
    assert fs.cat_file(f"{folder}/{job.airflow_dag_id}.py").decode() == job.rendered_dag
    assert job.airflow_dag_url == f"http://127.0.0.1:9/base/dags/{job.airflow_dag_id}"
    service.delete(job.job_id)
    assert fs.ls(folder, detail=False) == []


class Watched(MemoryFileSystem):
    """A storage that tells in which order names were written and moved."""

    protocol = "watched"
    told: ClassVar[list[tuple[str, ...]]] = []

    def pipe_file(self, path: str, value: bytes, **options: Any) -> None:
        self.told.append(("write", Path(path).name))
        super().pipe_file(path, value, **options)

    def mv(self, path1: str, path2: str, **options: Any) -> None:
        self.told.append(("move", Path(path1).name, Path(path2).name))
        super().mv(path1, path2, **options)


def test_nobody_ever_reads_half_a_dag(
    store: Store, settings: Settings, request_for: Request, tmp_path: Path
) -> None:
    fsspec.register_implementation("watched", Watched, clobber=True)
    service = service_with(store, settings, airflow_dags_url=f"watched://{tmp_path.name}/dags")
    job = service.create(request_for(executor="airflow", auto_trigger=False))
    (write, draft), (move, moved, name) = Watched.told
    assert (write, move, moved) == ("write", "move", draft)
    assert not draft.endswith(".py")  # which is all that Airflow looks at
    assert name == f"{job.airflow_dag_id}.py"


def test_what_cannot_be_uploaded_leaves_no_job(
    store: Store, settings: Settings, request_for: Request, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    service = service_with(store, settings, airflow_dags_url=str(tmp_path / "file" / "dags"))
    with pytest.raises(Unavailable, match="could not be uploaded"):
        service.create(request_for(executor="airflow"))
    assert service.find().count == 0
    assert list((settings.home / "jobs").iterdir()) == []


def test_airflow_that_is_not_set_up_is_refused_in_words(
    service: TrainingService, request_for: Request
) -> None:
    with pytest.raises(InvalidInput, match="AUTOML_AIRFLOW_URL, AUTOML_AIRFLOW_DAGS_URL"):
        service.create(request_for(executor=ExecutorName.AIRFLOW))


def test_a_job_shows_its_dag(
    service: TrainingService, settings: Settings, request_for: Request, tmp_path: Path
) -> None:
    job = service.create(request_for(auto_trigger=False, name="churn"))
    with connect(settings.model_copy(update={"server_url": "none"})) as session:
        place = Place(session, tmp_path, say=print, confirm=lambda _: True)
        shown = run(parse("dag churn", "magic"), place)
        assert str(shown) == job.rendered_dag == str(TrainingJobHandle(session, job).dag)
        assert shown.data()["rendered_dag"] == job.rendered_dag
        assert "<pre>" in shown.html()
        compile(str(shown), "dag.py", "exec")


def test_the_doctor_names_what_is_wrong_in_one_line_each(
    settings: Settings, tmp_path: Path
) -> None:
    assert [check.is_good for check in check_all(settings)] == [True] * 3
    (tmp_path / "file").write_text("no folder")
    sick = settings.model_copy(
        update={
            "kernel_name": "nope",
            "airflow_url": "http://127.0.0.1:9",
            "airflow_dags_url": str(tmp_path / "file" / "dags"),
        }
    )
    found = {check.subject: check for check in check_all(sick)}
    wrong = {subject for subject, check in found.items() if not check.is_good}
    asked = {"airflow", "airflow log-in", "airflow connection", "airflow callback"}
    assert wrong == {"kernel", "airflow dags", *asked}
    assert all("\n" not in check.said for check in found.values())
    assert "does not answer" in found["airflow"].said
    assert "cannot be written" in found["airflow dags"].said
