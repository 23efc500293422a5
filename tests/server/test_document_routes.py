"""A job's notebook and report over HTTP, and by the client."""

import asyncio
from pathlib import Path
from uuid import uuid4

import nbformat
import pytest

from automl_magics.client import AutoMLClient
from automl_magics.client.verbs import RemoteVerbs
from automl_magics.contracts.lists import TrainingJobFilter
from automl_magics.settings import Settings
from automl_magics.store import Store


@pytest.fixture
def settings(home_with_result: Path) -> Settings:
    return Settings(home=home_with_result)


@pytest.fixture
def jobs(settings):
    store = Store.open(settings)
    found = store.jobs.find(TrainingJobFilter()).jobs
    store.close()
    return {job.name: job for job in found}


async def test_a_finished_job_has_a_notebook_and_a_report(ask, jobs):
    job_id = jobs["churn"].job_id
    notebook = (await ask("GET", f"train/jobs/{job_id}/notebook")).json()
    assert notebook["file_name"] == "churn.ipynb"
    assert notebook["media_type"] == "application/x-ipynb+json"
    nbformat.validate(nbformat.reads(notebook["content"], as_version=4))
    report = (await ask("GET", f"train/jobs/{job_id}/report")).json()
    assert report["file_name"] == "churn.html"
    assert report["media_type"] == "text/html"
    assert "<h1>churn</h1>" in report["content"]


@pytest.mark.parametrize("document", ["notebook", "report"])
async def test_others_have_none(ask, jobs, document):
    answer = await ask("GET", f"train/jobs/{jobs['unfinished'].job_id}/{document}")
    assert answer.status_code == 409
    assert "has no model" in answer.json()["error"]
    answer = await ask("GET", f"train/jobs/{uuid4()}/{document}")
    assert answer.status_code == 404


async def test_the_client_has_them_as_verbs(api_url, token, jobs):
    def fetch():
        with AutoMLClient(api_url.removesuffix("api/automl/"), token=token) as client:
            verbs = RemoteVerbs(client).jobs
            job_id = jobs["churn"].job_id
            return verbs.notebook(job_id).file_name, verbs.report(job_id).file_name

    assert await asyncio.to_thread(fetch) == ("churn.ipynb", "churn.html")
