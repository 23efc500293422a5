"""A worker on another machine, heard by a real server."""

from asyncio import to_thread
from datetime import UTC, datetime
from uuid import UUID

import httpx
import pytest

from automl_magics.contracts.enums import AutoMLAlgorithm, LogLevel, Phase
from automl_magics.contracts.training import Progress, Trial
from automl_magics.remote_reporting import HttpReporter

TRIAL = Trial(
    number=2,
    candidate="c",
    algorithm=AutoMLAlgorithm.LIGHTGBM_CLASSIFIER,
    score=0.5,
    finished_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.fixture
def worker(ready, ask, psk, api_url):
    """Create a running job, and reporters that speak of it."""

    async def start():
        job = await ready()
        path = f"train/jobs/{job['job_id']}"
        auth = {"Authorization-PSK": psk}
        await ask("PUT", f"{path}/status", auth=auth, json={"status": "running"})
        url = api_url.removesuffix("api/automl/")

        def reporter(**fields):
            return HttpReporter(url, psk, UUID(job["job_id"]), "search", **fields)

        async def look(what="details"):
            return (await ask("GET", f"{path}/{what}")).json()

        return reporter, look, path

    return start


async def test_all_that_is_said_has_arrived_at_the_end(worker):
    reporter, look, _ = await worker()

    def speak():
        with reporter() as first, reporter(shard=(1, 2)) as second:
            for line in range(450):  # more than one batch
                first.log(LogLevel.INFO, f"line {line}", rows=line)
            first.progress(Progress(phase=Phase.TRAINING, trials_done=1, best_score=0.5))
            first.progress(Progress(phase=Phase.EVALUATING))
            second.progress(Progress(phase=Phase.READING))  # the first one speaks for both
            second.trial(TRIAL)
            assert not first.unwanted()

    await to_thread(speak)
    said = [line["message"] for line in (await look("logs"))["logs"]]
    assert [line for line in said if line.startswith("line")] == [f"line {n}" for n in range(450)]
    assert [fit["number"] for fit in (await look("trials"))["trials"]] == [4]
    assert (await look())["progress"]["phase"] == "evaluating"


async def test_what_is_said_twice_or_to_nobody_is_heard_once_in_the_end(worker, monkeypatch):
    reporter, look, _ = await worker()
    send, lost = httpx.Client.post, []

    def unreliable(self, *given, **named):
        """Lose the first request, and the answer to the second."""
        lost.append(len(lost))
        if len(lost) == 1:
            raise httpx.ConnectError("refused")
        answer = send(self, *given, **named)
        if len(lost) == 2:
            raise httpx.ReadError("reset")
        return answer

    monkeypatch.setattr(httpx.Client, "post", unreliable)

    def speak():
        with reporter() as voice:
            voice.log(LogLevel.INFO, "once")

    await to_thread(speak)
    assert len(lost) >= 3
    assert [line["message"] for line in (await look("logs"))["logs"]].count("once") == 1


async def test_a_stopped_job_is_unwanted_and_a_failure_is_written_back(worker, ask):
    reporter, look, path = await worker()

    def fail():
        with reporter() as voice:
            voice.failed("There was not enough of it.")
            voice.flush()
            assert voice.unwanted()

    await to_thread(fail)
    details = await look()
    assert details["status"] == "failed"
    assert details["error_message"] == "There was not enough of it."
    await ask("DELETE", path)

    def speak():
        with reporter() as late:
            late.log(LogLevel.INFO, "to nobody")
            late.flush()
            assert late.unwanted()

    await to_thread(speak)
