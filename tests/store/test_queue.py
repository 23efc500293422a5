"""Claiming: once each, in order, under the cap; and what dead dispatchers leave behind."""

import multiprocessing
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from automl_magics.contracts.enums import ExecutorName, JobStatus
from automl_magics.contracts.training import AutoMLTrainingRequest, TrainingJob
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store

KERNEL = [ExecutorName.KERNEL]


@pytest.fixture
def queued(
    service: TrainingService, request_for: Callable[..., AutoMLTrainingRequest]
) -> Callable[[int], list[TrainingJob]]:
    return lambda count: [service.create(request_for(name=f"job-{i}")) for i in range(count)]


def test_the_oldest_job_is_claimed_first_and_its_attempt_counted(
    store: Store, queued: Callable[[int], list[TrainingJob]]
) -> None:
    first, second = queued(2)
    me = store.queue.register()
    claimed = [store.queue.claim(me, KERNEL, 10) for _ in range(3)]
    assert [job and job.job_id for job in claimed] == [first.job_id, second.job_id, None]
    assert claimed[0] is not None
    assert claimed[0].attempt == 1
    assert claimed[0].status is JobStatus.QUEUED


def test_no_more_than_the_cap_are_under_way(
    store: Store, queued: Callable[[int], list[TrainingJob]]
) -> None:
    jobs = queued(3)
    me, other = store.queue.register(), store.queue.register()
    assert store.queue.claim(me, KERNEL, 2) is not None
    assert store.queue.claim(other, KERNEL, 2) is not None
    assert store.queue.claim(me, KERNEL, 2) is None
    store.jobs.transition(jobs[0].job_id, JobStatus.STOPPED, note="stopped")
    assert store.queue.claim(me, KERNEL, 2) is not None


def test_dispatchers_that_race_claim_each_job_once(
    settings: Settings, queued: Callable[[int], list[TrainingJob]]
) -> None:
    jobs = queued(12)
    with ProcessPoolExecutor(3, mp_context=multiprocessing.get_context("spawn")) as pool:
        claims = [claim for each in pool.map(_claim_all, [settings.home] * 3) for claim in each]
    assert sorted(claims) == sorted(job.job_id for job in jobs)


def test_what_a_dead_dispatcher_had_is_taken_over(
    store: Store, settings: Settings, queued: Callable[[int], list[TrainingJob]]
) -> None:
    claimed, running = queued(2)
    dead = _register_and_die(settings)
    for _ in range(2):
        assert store.queue.claim(dead, KERNEL, 10) is not None
    store.jobs.transition(running.job_id, JobStatus.RUNNING, note="started")
    me = store.queue.register()
    assert [job.job_id for job in store.queue.take_over(me)] == [running.job_id]
    assert store.queue.take_over(me) == []
    again = store.queue.claim(me, KERNEL, 10)
    assert again is not None
    assert again.job_id == claimed.job_id
    assert again.attempt == 2


def test_a_dispatcher_that_lives_keeps_its_jobs(
    store: Store, queued: Callable[[int], list[TrainingJob]]
) -> None:
    queued(1)
    mine, other = store.queue.register(), store.queue.register()
    assert store.queue.claim(mine, KERNEL, 10) is not None
    assert store.queue.take_over(other) == []
    assert store.queue.claim(other, KERNEL, 10) is None


def test_a_dispatcher_that_leaves_frees_what_it_had_not_started(
    store: Store, queued: Callable[[int], list[TrainingJob]]
) -> None:
    queued(1)
    mine, other = store.queue.register(), store.queue.register()
    assert store.queue.claim(mine, KERNEL, 10) is not None
    store.queue.unregister(mine)
    assert store.queue.claim(other, KERNEL, 10) is not None


def _claim_all(home: Path) -> list[UUID]:
    store = Store.open(Settings(home=home))
    me, found = store.queue.register(), []
    while job := store.queue.claim(me, KERNEL, 100):
        found.append(job.job_id)
    return found


def _register_and_die(settings: Settings) -> UUID:
    code = (
        "from automl_magics.settings import Settings\n"
        "from automl_magics.store import Store\n"
        "print(Store.open(Settings()).queue.register())\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return UUID(ended.stdout.strip())
