"""The log of changes: whoever writes, it is told once, in order, with deletions."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from automl_magics.contracts.changes import JobChanged, JobKind
from automl_magics.contracts.enums import JobStatus, Phase
from automl_magics.contracts.features import (
    FeatureEngineeringJob,
    FeatureEngineeringRequest,
    FeatureEngineeringStatus,
    LabelSpec,
)
from automl_magics.contracts.training import AutoMLTrainingRequest, Progress, TrainingJob
from automl_magics.service import TrainingService
from automl_magics.settings import Settings
from automl_magics.store import Store
from automl_magics.store.database import Database
from automl_magics.store.jobs import utc_now
from automl_magics.store.tables import JOB_CHANGES


@pytest.fixture
def ready(
    service: TrainingService, request_for: Callable[..., AutoMLTrainingRequest]
) -> TrainingJob:
    return service.create(request_for(auto_trigger=False))


def told(store: Store, seen: int) -> list[tuple[JobKind, UUID, object]]:
    return [(one.kind, one.job_id, one.status) for one in store.changes.since(seen)]


def test_a_job_is_told_once_as_it_is_now(
    store: Store, service: TrainingService, ready: TrainingJob
) -> None:
    (created,) = store.changes.since(0)
    assert (created.job_id, created.status, created.deleted) == (ready.job_id, "ready", False)
    assert (created.name, created.updated_at) == (ready.name, ready.updated_at)
    assert store.changes.since(created.seq) == []
    service.trigger(ready.job_id)
    service.stop(ready.job_id)
    (stopped,) = store.changes.since(created.seq)
    assert stopped.status is JobStatus.STOPPED
    assert stopped.seq == store.changes.last_seq() > created.seq


def test_progress_is_told_and_a_mere_heartbeat_is_not(store: Store, ready: TrainingJob) -> None:
    start(store, ready.job_id)
    seen = store.changes.last_seq()
    assert store.jobs.beat(ready.job_id, 0, None)
    assert store.changes.since(seen) == []
    progress = Progress(phase=Phase.TRAINING, trials_done=1, trials_planned=4, elapsed=2.0)
    store.jobs.beat(ready.job_id, 0, progress.model_copy(update={"metric": "auc"}))
    store.jobs.beat(ready.job_id, 0, progress.model_copy(update={"best_score": 0.5}))
    (change,) = store.changes.since(seen)
    assert change.progress is not None
    assert (change.progress.phase, change.progress.fraction) == ("training", 0.25)
    assert (change.progress.trials_done, change.progress.elapsed) == (1, 2.0)
    assert (change.metric, change.best_score) == (None, 0.5)


def test_a_deleted_job_is_told_as_deleted(
    store: Store, service: TrainingService, ready: TrainingJob
) -> None:
    seen = store.changes.last_seq()
    service.delete(ready.job_id)
    (change,) = store.changes.since(seen)
    assert change == JobChanged(
        seq=change.seq, kind=JobKind.TRAINING, job_id=ready.job_id, deleted=True
    )


def test_feature_engineering_jobs_are_told_too(store: Store) -> None:
    request = FeatureEngineeringRequest(
        target_table_name="wide",
        source_tables=["a.csv"],
        entity_grain=["id"],
        label=LabelSpec(type="none"),
    )
    job = FeatureEngineeringJob(
        job_id=uuid4(),
        target_table_name="wide",
        domain="default",
        owner="ada",
        request=request,
        status=FeatureEngineeringStatus.RUNNING,
        created_at=utc_now(),
        updated_at=utc_now(),
    )
    store.feature_jobs.create(job, source_root=None, note="Created by the test.")
    store.feature_jobs.describe(job.job_id, job.attempt, progress={"step": "designing"})
    (change,) = store.changes.since(0)
    assert (change.kind, change.name, change.status) == (
        JobKind.FEATURE_ENGINEERING,
        "wide",
        "running",
    )
    assert change.progress is not None
    assert change.progress.phase == "designing"
    store.feature_jobs.transition(job.job_id, FeatureEngineeringStatus.FAILED, note="It failed.")
    store.feature_jobs.delete(job.job_id)
    (change,) = store.changes.since(change.seq)
    assert (change.kind, change.deleted) == (JobKind.FEATURE_ENGINEERING, True)


def test_the_log_stays_short(
    store: Store, service: TrainingService, settings: Settings, ready: TrainingJob
) -> None:
    database = Database(settings.store_path)
    with database.write() as connection:
        row = {"seq": 20_099, "kind": JobKind.TRAINING, "job_id": ready.job_id}
        connection.execute(insert(JOB_CHANGES).values(row))
    service.trigger(ready.job_id)
    with database.read() as connection:
        kept = list(connection.scalars(select(JOB_CHANGES.c.seq)))
    database.close()
    assert kept == [20_099, 20_100]


def start(store: Store, job_id: UUID) -> None:
    store.jobs.transition(
        job_id, JobStatus.RUNNING, via=[JobStatus.QUEUED], note="Started by the test."
    )
