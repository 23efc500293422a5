"""Whatever a notebook's frame is like, its rows become a job's or it is refused in words."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from automl_magics.contracts.errors import AutoMLError
from automl_magics.freezing import freeze
from automl_magics.job_creation import create_job
from automl_magics.magics.grammar import training_request
from automl_magics.session import Session, connect
from automl_magics.settings import Settings
from automl_magics.store import Store
from tests.training.odd_frames import PROBLEMS, frames


@pytest.fixture
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    home = tmp_path_factory.mktemp("home")
    with connect(Settings(home=home, server_url="none"), detached=True) as session:
        yield session


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), problem=st.sampled_from(sorted(PROBLEMS)))
def test_any_frame_makes_a_job_or_nothing(
    session: Session, data: st.DataObject, problem: str
) -> None:
    roles, rows, asked = PROBLEMS[problem]
    frame, called = data.draw(frames(roles, rows=rows))
    named = {field: called.get(value, value) for field, value in asked.items()}
    given_ = {"source_table": "odd", "auto_trigger": False, "name": "odd", **named}
    home = session.settings.home
    before = sorted(home.glob("*/*"))
    try:
        request = training_request(given_)
        job = create_job(session, request, namespace={"odd": frame}, folder=home).record
    except AutoMLError as error:
        assert error.message  # noqa: PT017 - any of ours will do
        assert sorted(home.glob("*/*")) == before
        return
    store = Store.open(session.settings)
    snapshot = freeze(session.settings, store, job)
    store.close()
    assert (snapshot.rows, snapshot.columns) == frame.shape
