"""A rendered DAG is the same code for every job; the job is data in it."""

import ast
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.airflow import DagSpecification
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.executors.airflow.render import render, render_shared, specification_of
from automl_magics.service import TrainingService
from automl_magics.settings import Settings

HOSTILE = (
    "\"\"\" ''' \\ {{ conn.automl_default.password }} {% raw %} \n\r\t\x00\u2028 __DAG__ 🦆.md"
)
ALLOWED = {"airflow", "json", "os", "sys", "time", "urllib", "datetime"}

texts = st.text(min_size=1, max_size=250).filter(lambda text: text.strip())


def job_of(**fields: str) -> TrainingJob:
    """Return a job whose texts are these."""
    request = AutoMLTrainingRequest(
        source_table=fields["source"],
        label_column=fields["label"],
        feature_columns=[fields["feature"]],
        name=fields["name"],
        domain=fields["domain"],
        owner=fields["owner"],
        time_limit=30,
    )
    return TrainingJob.model_validate(
        {
            "job_id": UUID(int=7),
            "name": fields["name"],
            "domain": fields["domain"],
            "owner": fields["owner"],
            "source_table": fields["source"],
            "request": request,
            "problem_type": "regression",
            "algorithm": "lightgbm_regressor",
            "preset": "fast",
            "executor": "airflow",
            "status": "queued",
            "created_at": datetime(2026, 1, 1, tzinfo=UTC),
            "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
        }
    )


def rendered(job: TrainingJob) -> tuple[DagSpecification, str]:
    specification = specification_of(job, Settings(airflow_callback_url="http://jupyter:8888/"))
    return specification, render(specification, is_shared=False)


PLAIN = job_of(source="a.csv", label="y", feature="x", name="n", domain="d", owner="o")


@settings(max_examples=60, deadline=None)
@given(
    source=st.one_of(texts, texts.map(lambda text: (text * 10_000)[:10_000])),
    label=texts,
    feature=texts,
    name=texts,
    domain=texts,
    owner=texts,
)
@example(*[HOSTILE] * 6)
@example(*["'" * 200] * 6)
def test_whatever_is_typed_stands_in_one_literal(
    source: str, label: str, feature: str, name: str, domain: str, owner: str
) -> None:
    job = job_of(source=source, label=label, feature=feature, name=name, domain=domain, owner=owner)
    specification, text = rendered(job)
    told = _literal(ast.parse(text))
    assert DagSpecification.model_validate(told) == specification
    assert told["job"]["source_table"] == job.source_table
    assert _without_literals(ast.parse(text)) == _without_literals(ast.parse(rendered(PLAIN)[1]))
    assert text.isascii()
    assert not specification.doc.endswith(".md")  # Airflow would read that file
    assert all(len(tag) <= 100 for tag in specification.tags)


@pytest.mark.parametrize("shape", ["per_job", "shared"])
def test_the_text_is_clean_and_imports_nothing_but_airflow(tmp_path: Path, shape: str) -> None:
    hostile = job_of(
        **dict.fromkeys(("source", "label", "feature", "name", "domain", "owner"), HOSTILE)
    )
    text = rendered(hostile)[1] if shape == "per_job" else render_shared(Settings())
    path = tmp_path / "dag.py"
    path.write_text(text)
    ruff = [sys.executable, "-m", "ruff"]
    rules = ["--select=E,F,W,I,B,UP,RET,SIM", "--ignore=E501", "--target-version=py39"]
    checks = [["check", *rules], ["format", "--check", "--line-length=100"]]
    for check in checks:
        done = subprocess.run(
            [*ruff, *check, "--isolated", "--no-cache", str(path)],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
    found = set()
    for node in ast.parse(text).body:  # imports inside functions are made when a task runs
        for part in ast.walk(node) if isinstance(node, ast.Try) else [node]:
            if isinstance(part, ast.Import):
                found |= {name.name.partition(".")[0] for name in part.names}
            elif isinstance(part, ast.ImportFrom):
                found.add(str(part.module).partition(".")[0])
    assert found == ALLOWED


def test_every_job_has_its_dag_and_a_preview_keeps_nothing(
    service: TrainingService, tmp_path: Path, request_for
) -> None:
    job = service.create(request_for(auto_trigger=False))
    assert job.rendered_dag is not None
    told = _literal(ast.parse(job.rendered_dag))["job"]
    assert told["job_id"] == str(job.job_id)
    assert told["request"]["label_column"] == "churned"

    before = sorted((tmp_path / "automl").rglob("*"))
    preview = service.preview(request_for(name="another"))
    assert _literal(ast.parse(preview))["job"]["name"] == "another"
    assert service.find().count == 1
    assert sorted((tmp_path / "automl").rglob("*")) == before


def _literal(code: ast.Module) -> dict:
    """Return the value of SPECIFICATION, read without running the code."""
    for node in code.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SPECIFICATION":
            return json.loads(ast.literal_eval(node.value.args[0]))
    raise AssertionError("no SPECIFICATION")


def _without_literals(code: ast.Module) -> str:
    for node in ast.walk(code):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(code)
