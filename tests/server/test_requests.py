"""What is wrong with a request is said in the contract's two shapes, and nothing else is."""

import json
import logging
import re
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from tornado import web

from automl_magics.contracts import errors
from automl_server.answers import answer_to
from automl_server.routes import OPERATIONS

JSON = {"Content-Type": "application/json"}
REQUEST = {"source_table": "churn.csv", "label_column": "churned"}


def assert_error(answer, status: int) -> str:
    assert answer.status_code == status, answer.text
    said = answer.json()
    assert set(said) == {"error", "code"}
    assert said["code"] == status
    assert answer.headers["content-type"] == "application/json"
    return said["error"]


def assert_invalid(answer, *loc: str | int) -> dict:
    assert answer.status_code == 422, answer.text
    found = {tuple(one["loc"]): one for one in answer.json()["detail"]}
    for one in found.values():
        assert {"loc", "msg", "type"} <= set(one) <= {"loc", "msg", "type", "input", "ctx"}
    assert loc in found, found
    return found[loc]


async def test_a_callers_correlation_id_comes_back_and_stands_on_the_job(ask, ready):
    answer = await ask(
        "POST",
        "train",
        json={**REQUEST, "auto_trigger": False},
        headers={"X-Correlation-ID": "ticket/4711:a.b_c@d+e=f-g"},
    )
    assert answer.headers["x-correlation-id"] == "ticket/4711:a.b_c@d+e=f-g"
    job = await ask("GET", f"train/jobs/{answer.json()['job_id']}/details")
    assert job.json()["correlation_id"] == "ticket/4711:a.b_c@d+e=f-g"


@pytest.fixture(autouse=True)
def _table(table):
    """Have ``churn.csv`` in the root."""


@pytest.mark.parametrize("given", [None, "", "two words", "x" * 129, "<script>", "a;b"])
async def test_a_missing_or_odd_correlation_id_is_replaced(ask, given):
    headers = {} if given is None else {"x-correlation-id": given}
    first, second = [await ask("GET", "version", headers=headers) for _ in range(2)]
    ids = {UUID(answer.headers["x-correlation-id"]) for answer in (first, second)}
    assert len(ids) == 2


async def test_every_kind_of_answer_carries_the_correlation_id(ask):
    job = f"train/jobs/{uuid4()}"
    for verb, path, status in [
        ("GET", "train/jobs", 200),
        ("GET", job, 404),
        ("GET", "nothing/here", 404),
        ("PATCH", job, 405),
        ("POST", "train", 422),
        ("PUT", f"{job}/status", 401),
        ("OPTIONS", job, 200),
    ]:
        answer = await ask(verb, path, headers={"x-correlation-id": "mine"})
        assert (answer.status_code, answer.headers["x-correlation-id"]) == (status, "mine")


@pytest.mark.parametrize(
    "path", ["", "nix", "nix/", "train//", "train/jobs/a/b/c", "preview", "../automl/nix"]
)
@pytest.mark.parametrize("auth", [None, {}], ids=["signed-in", "nobody"])
async def test_an_unknown_route_is_a_404_of_ours(ask, path, auth):
    for verb in ("GET", "POST", "DELETE"):
        assert_error(await ask(verb, path, auth=auth), 404)


async def test_a_route_with_a_slash_behind_it_is_named_without(ask, api_url):
    """As by a FastAPI service; the verb and the body are to be sent again."""
    base = httpx.URL(api_url).raw_path.decode()
    for verb, path in [
        ("GET", "train/jobs/?limit=5"),
        ("POST", "train/"),
        ("PUT", "train/jobs/x/"),
    ]:
        answer = await ask(verb, path, auth={})
        assert answer.status_code == 307
        assert answer.headers["location"] == base + path.replace("/?", "?").removesuffix("/")


async def test_options_name_the_verbs(ask, psk):
    path = f"train/jobs/{uuid4()}"
    answer = await ask("OPTIONS", path, auth={})
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "DELETE", "OPTIONS"}
    answer = await ask("OPTIONS", f"{path}/status", auth={"Authorization-PSK": psk})
    assert set(answer.headers["allow"].split(", ")) == {"PUT", "OPTIONS"}


async def test_an_unknown_job_is_a_404_that_names_it(ask):
    job = uuid4()
    for verb, rest in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/trigger"),
        ("POST", "/stop"),
        ("GET", "/details"),
        ("GET", "/logs"),
        ("GET", "/trials"),
    ]:
        assert str(job) in assert_error(await ask(verb, f"train/jobs/{job}{rest}"), 404)


@pytest.mark.parametrize(
    "text", ["x", "churn", "3c90c3cc", "%00", "%ff", "..%2f..", "a%20b", "0" * 33]
)
async def test_a_malformed_job_id_is_a_422(ask, text):
    for verb, rest in [("GET", ""), ("DELETE", ""), ("POST", "/stop"), ("GET", "/logs")]:
        assert_invalid(await ask(verb, f"train/jobs/{text}{rest}"), "path", "job_id")


async def test_both_forms_of_a_job_id_are_accepted(ask, ready):
    job = UUID((await ready())["job_id"])
    for text in (str(job), str(job).upper(), job.hex, f"aml_{job.hex}"):
        assert (await ask("GET", f"train/jobs/{text}")).json()["job_id"] == str(job)


async def test_a_verb_that_is_not_there_is_a_405_that_names_those_that_are(ask):
    for verb, path, allowed in [
        ("GET", "train", {"POST", "OPTIONS"}),
        ("PUT", f"train/jobs/{uuid4()}", {"GET", "HEAD", "DELETE", "OPTIONS"}),
        ("BREW", "train", {"POST", "OPTIONS"}),
    ]:
        answer = await ask(verb, path)
        assert_error(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json"]
)
async def test_a_body_that_is_not_declared_json_is_a_415(ask, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    assert_error(await ask("POST", "train", content=json.dumps(REQUEST), headers=headers), 415)


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
async def test_a_body_that_is_declared_json_is_read(ask, kind):
    body = json.dumps({**REQUEST, "auto_trigger": False})
    answer = await ask("POST", "train", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 201


async def test_the_largest_body_is_configured(ask, jp_serverapp):
    (app,) = jp_serverapp.extension_manager.extension_apps["automl_server"]
    assert app.max_body_bytes == 2**20
    padded = json.dumps({**REQUEST, "label_column": "nix"}).ljust(2**20)
    assert_invalid(await ask("POST", "train", content=padded, headers=JSON), "body", "label_column")
    for path in ("train", f"train/jobs/{uuid4()}/stop"):
        answer = await ask("POST", path, content=padded + " ", headers=JSON)
        assert "1048576" in assert_error(answer, 413)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "missing"),
        ("{", "json_invalid"),
        ("{'a': 1}", "json_invalid"),
        (b'{"source_table": "\xff"}', "json_invalid"),
        ("[" * 100_000, "json_invalid"),
        ('{"source_table": "\\ud800", "label_column": "a"}', "json_invalid"),
        ("[]", "model_type"),
        ("null", "model_type"),
        ('"text"', "model_type"),
    ],
    ids=lambda value: str(value)[:12],
)
async def test_a_body_that_is_no_json_object_is_a_422(ask, body, kind):
    found = assert_invalid(await ask("POST", "train", content=body, headers=JSON), "body")
    assert found["type"] == kind


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"source_table": None}, ("source_table",)),
        ({"source_table": ""}, ("source_table",)),
        ({"label_column": 7}, ("label_column",)),
        ({"problem_type": "guesswork"}, ("problem_type",)),
        ({"algorithm": "lightgbm"}, ("algorithm",)),
        ({"preset": "quick"}, ("preset",)),
        ({"feature_columns": ["tenure", 7]}, ("feature_columns", 1)),
        ({"feature_columns": []}, ("feature_columns",)),
        ({"time_limit": 0}, ("time_limit",)),
        ({"time_limit": float("inf")}, ("time_limit",)),
        ({"time_limit": float("nan")}, ("time_limit",)),
        ({"seed": -1}, ("seed",)),
        ({"seed": 10**400}, ("seed",)),
        ({"executor": "cloud"}, ("executor",)),
        ({"feature_engineering_job_id": "x"}, ("feature_engineering_job_id",)),
        ({"registered_model_name": "a/b"}, ("registered_model_name",)),
        ({"lable_column": "churned"}, ("lable_column",)),
    ],
    ids=str,
)
async def test_a_field_that_its_schema_refuses_is_named(ask, fields, loc):
    content = json.dumps({**REQUEST, **fields})
    assert_invalid(await ask("POST", "train", content=content, headers=JSON), "body", *loc)


@pytest.mark.parametrize(
    ("fields", "field", "hint"),
    [
        ({"label_column": "chrned"}, "label_column", "churned"),
        ({"feature_columns": ["tenuer"]}, "feature_columns", "tenure"),
        ({"source_table": "chrun.csv"}, "source_table", "churn.csv"),
        ({"source_table": "SELEC * FROM 'churn.csv'"}, "source_table", ""),
        ({"source_table": "SELECT * FROM 'churn.csv' WHERE"}, "source_table", ""),
        ({"source_table": "SELECT * FROM 'churn.csv' WHERE tenure > 1000"}, "label_column", ""),
        ({"executor": "airflow"}, "executor", "kernel"),
        ({"source_table": "a\x00b.csv"}, "source_table", ""),
    ],
    ids=str,
)
async def test_what_the_data_refuse_is_named_and_leaves_no_job(ask, fields, field, hint):
    answer = await ask("POST", "train", json={**REQUEST, **fields})
    assert answer.status_code == 422, answer.text
    (found,) = answer.json()["detail"]
    assert found["loc"] == ["body", field]
    assert hint in found["msg"]
    assert "\n" not in found["msg"]
    assert (await ask("GET", "train/jobs")).json()["count"] == 0


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"limit": "many"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 10**30}, "offset"),
        ({"status": "done"}, "status"),
        ({"details": "perhaps"}, "details"),
    ],
    ids=str,
)
async def test_a_query_that_its_schema_refuses_is_named(ask, query, name):
    answer = await ask("GET", "train/jobs", params=query)
    assert answer.status_code == 422, answer.text
    assert [one["loc"][:2] for one in answer.json()["detail"]] == [["query", name]]


async def test_what_is_not_asked_for_in_a_query_is_left_alone(ask):
    for query in ("unknown=1", "limit=1&limit=5", "search=%ff", "search=", "no_track_activity=1"):
        assert (await ask("GET", f"train/jobs?{query}")).status_code == 200


@pytest.fixture
def outside(tmp_path: Path, jp_root_dir: Path, write_table) -> Path:
    """A good table outside the root, with ways to it from inside."""
    place = tmp_path / "outside-the-root"
    place.mkdir()
    write_table(place / "secret.csv")
    (jp_root_dir / "link.csv").symlink_to(place / "secret.csv")
    (jp_root_dir / "folder").symlink_to(place)
    return place


@pytest.mark.parametrize(
    "way",
    [
        "{outside}/secret.csv",
        "file://{outside}/secret.csv",
        "../outside-the-root/secret.csv",
        "folder/../../outside-the-root/secret.csv",
        "link.csv",
        "folder/secret.csv",
        "SELECT * FROM '{outside}/secret.csv'",
        "SELECT * FROM 'link.csv'",
        "SELECT * FROM read_csv('../outside-the-root/*.csv')",
        "SELECT * FROM read_csv_auto(['churn.csv', 'folder/secret.csv'])",
        "SELECT content AS churned FROM read_text('{outside}/secret.csv')",
        "SELECT * FROM glob('{outside}/*')",
        "SELECT 1 AS churned; COPY (SELECT 1) TO '{outside}/made.csv'",
        "SELECT getenv('HOME') AS churned",
    ],
)
async def test_nothing_outside_the_root_is_read_or_told(ask, outside, way, tmp_path):
    source = way.replace("{outside}", str(outside))
    answer = await ask("POST", "train", json={**REQUEST, "source_table": source})
    assert answer.status_code == 422, answer.text
    told = answer.text.replace(json.dumps(source)[1:-1], "")
    assert str(tmp_path) not in told.replace(str(outside), "" if "{outside}" in way else "LEAK")
    assert "LEAK" not in told
    assert "tenure" not in told
    assert (await ask("GET", "train/jobs")).json()["count"] == 0
    assert not (outside / "made.csv").exists()


async def test_an_unexpected_exception_is_logged_and_not_told(ask, tmp_path, caplog):
    secret = f"{tmp_path}/automl/automl.db"
    with caplog.at_level(logging.ERROR):
        status, said = answer_to(OSError(f"cannot open {secret}"), "some-id")
    assert status == 500
    assert said.model_dump() == {
        "error": "Internal error; the server's log has the details under correlation id some-id",
        "code": 500,
    }


async def test_a_broken_store_is_a_500_without_a_trace(ask, tmp_path, caplog):
    await ask("GET", "train/jobs")
    for file in (tmp_path / "automl").glob("automl.db*"):
        file.write_bytes(b"this is no database")
    answer = await ask("GET", "train/jobs", headers={"x-correlation-id": "broken"})
    error = assert_error(answer, 500)
    assert "broken" in error
    assert "Traceback" not in answer.text
    assert str(tmp_path) not in answer.text
    assert "[broken]" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (errors.NotFound("Nothing.", hint="Look."), 404, "Nothing. Look."),
        (errors.Conflict("It runs."), 409, "It runs."),
        (errors.Forbidden("No."), 403, "No."),
        (errors.Unavailable("Closed."), 503, "Closed."),
        (web.HTTPError(400, "50%% of %s", "it"), 400, "50% of it"),
        (web.HTTPError(400, "50% done"), 400, "50% done"),
        (web.HTTPError(404), 404, "Not Found"),
    ],
)
def test_errors_keep_their_status_and_words(error, status, said):
    code, content = answer_to(error, "id")
    assert (code, content.error, content.code) == (status, said, status)


async def test_head_is_get_without_the_body(ask, ask_b, ready):
    job = (await ready())["job_id"]
    plain = [one for one in OPERATIONS if one.verb == "GET" and "{name}" not in one.path]
    assert len(plain) > 10
    for operation in plain:
        dialect, path = ask, operation.path.removeprefix("/api/automl/")
        if path == operation.path:
            dialect, path = ask_b, operation.path.removeprefix("/api/v1/automl/")
        path = re.sub(r"\{\w+\}", job, path)
        full, head = await dialect("GET", path), await dialect("HEAD", path)
        assert head.status_code == full.status_code, path
        assert head.content == b"", path
        for header in ("content-type", "content-length", "etag"):
            assert head.headers.get(header) == full.headers.get(header), (path, header)
    assert (await ask("HEAD", f"train/jobs/{job}", auth={})).status_code == 401
