"""Sources and hardware profiles over HTTP."""

import asyncio
import sqlite3

import pytest

from automl_magics.contracts.enums import AccessScope
from automl_magics.session import connect
from automl_magics.settings import Settings


@pytest.fixture
def jp_server_config(jp_server_config, tmp_path):
    with sqlite3.connect(tmp_path / "shop.sqlite") as made:
        made.execute("CREATE TABLE people (id INTEGER, churned TEXT)")
        made.executemany("INSERT INTO people VALUES (?, ?)", [(n, "yn"[n % 2]) for n in range(80)])
    jp_server_config["AutoMLServer"] |= {
        "sources": {
            "shop": str(tmp_path / "shop.sqlite"),
            "dead": "postgresql://ada:${env:PATH}@127.0.0.1:1/d",
            "wrong": "postgresql://ada:hunter2@127.0.0.1:1/d",
        },
        "hardware": {
            "gpu": {"threads": 2, "memory_limit": "4GB", "gpu": True, "airflow_pool": "gpus"}
        },
    }
    return jp_server_config


async def test_hardware_profiles_are_listed(ask_b, make_key):
    key = {"X-API-Key": make_key(AccessScope.READ)}
    answer = await ask_b("GET", "hardware", auth=key)
    assert answer.status_code == 200
    local, gpu = answer.json()["hardware"]
    assert (local["id"], local["executor"], local["gpu"]) == ("local", "kernel", False)
    assert local["threads"] >= 1
    assert gpu == {
        "id": "gpu",
        "description": None,
        "executor": "kernel",
        "threads": 2,
        "memoryLimitBytes": 4_000_000_000,
        "gpu": True,
        "airflowPool": "gpus",
        "airflowQueue": None,
    }


async def test_sources_are_listed_without_their_addresses(ask_b, make_key):
    answer = await ask_b("GET", "sources", auth={"X-API-Key": make_key(AccessScope.READ)})
    assert answer.status_code == 200
    dead, shop, wrong = sorted(answer.json()["sources"], key=lambda one: one["id"])
    assert dead == {"id": "dead", "kind": "postgresql", "error": None}
    assert shop == {"id": "shop", "kind": "sqlite", "error": None}
    assert (wrong["id"], wrong["kind"]) == ("wrong", None)
    assert "hunter2" not in answer.text
    assert "shop.sqlite" not in answer.text


async def test_a_session_asks_a_server_for_what_can_be_trained_on(ask_b, api_url, token, table):
    url = api_url.removesuffix("api/automl/")
    with connect(Settings(server_url=url, server_token=token)) as session:
        listed = await asyncio.to_thread(session.data.datasets)
        names = [one.id for one in await asyncio.to_thread(session.data.sources)]
        hardware = await asyncio.to_thread(session.data.hardware)
    told = (await ask_b("GET", "datasets")).json()["datasets"]
    assert [one.id for one in listed] == [one["id"] for one in told]
    assert table in [one.name for one in listed]
    assert sorted(names) == ["dead", "shop", "wrong"]
    assert [one.id for one in hardware] == ["local", "gpu"]


@pytest.fixture
def create(ask_b):
    async def send(**fields):
        body = {"name": "a", "dataset": "people", "targetColumn": "churned", **fields}
        return await ask_b("POST", "jobs", json={**body, "advanced": {"autoTrigger": False}})

    return send


async def test_a_data_source_is_trained_from_and_shown_in_both_dialects(ask, ask_b, create):
    made = await create(dataSource="shop", hardware="gpu")
    assert made.status_code == 201, made.text
    job_id = made.json()["id"].removeprefix("aml_")
    job = (await ask("GET", f"train/jobs/{job_id}")).json()
    assert job["source_table"] == "shop.people"
    assert job["problem_type"] == "binary_classification"
    body = {"source_table": "SELECT * FROM shop.people", "label_column": "churned"}
    made = await ask("POST", "train", json={**body, "auto_trigger": False, "hardware": "gpu"})
    assert made.status_code == 201, made.text


async def test_a_source_s_table_is_a_dataset_with_an_id(ask_b, create):
    listed = (await ask_b("GET", "datasets")).json()["datasets"]
    (found,) = (one for one in listed if one["name"] == "shop.people")
    assert (found["rows"], found["columns"], found["format"]) == (80, 2, "sqlite")
    assert (await create(dataset=found["id"])).status_code == 201
    assert (await create(dataset=found["id"], dataSource="shop")).status_code == 201
    assert not [one for one in listed if one["name"].startswith(("dead", "wrong"))]


@pytest.mark.parametrize(
    ("fields", "status", "says"),
    [
        ({"dataSource": "nowhere"}, 422, "no source 'nowhere'"),
        ({"dataSource": "shop", "dataset": "orders"}, 422, "no dataset 'orders'"),
        ({"dataSource": "shop", "hardware": "huge"}, 422, "There is 'local', 'gpu'"),
        ({"dataSource": "dead"}, 503, "'dead' cannot be reached"),
        ({"dataSource": "wrong"}, 422, "The address holds a password"),
    ],
)
async def test_what_cannot_be_is_told_without_addresses(create, tmp_path, fields, status, says):
    answer = await create(**fields)
    assert answer.status_code == status, answer.text
    assert says in answer.text.replace("\\u0027", "'")
    for secret in ("127.0.0.1", "hunter2", "ada", str(tmp_path), "postgresql://ada"):
        assert secret not in answer.text
