"""A task on another machine that takes far too long."""

import asyncio
import json
import os
import sys
from uuid import UUID

from automl_magics.executors.airflow.render import specification_of
from automl_magics.store import Store

ENDLESS = """
import json, sys, time
from automl_magics import remote_worker

remote_worker.MARGIN = 0.0
remote_worker.fetch = lambda *_: time.sleep(600)
remote_worker.prepare(json.load(sys.stdin))
"""


async def test_a_task_ends_itself_long_after_its_time_and_says_so(
    ready, ask, api_url, psk, settings, until
):
    told = await ready(time_limit=1)
    path = f"train/jobs/{told['job_id']}"
    await ask("PUT", f"{path}/status", auth={"Authorization-PSK": psk}, json={"status": "running"})
    store = Store.open(settings)
    specification = specification_of(store.jobs.get(UUID(told["job_id"])), settings)
    store.close()
    task = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", ENDLESS),
        stdin=asyncio.subprocess.PIPE,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "AUTOML_PSK": psk,
            "AUTOML_AIRFLOW_CALLBACK_URL": api_url.removesuffix("api/automl/"),
        },
    )
    await task.communicate(json.dumps(specification.model_dump(mode="json")).encode())
    assert task.returncode == 1

    async def look():
        return (await ask("GET", f"{path}/details")).json()

    failed = await until(look, lambda seen: seen["status"] == "failed")
    assert "took far longer than the time limit" in failed["error_message"]
