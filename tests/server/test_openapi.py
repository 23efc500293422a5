"""The OpenAPI document: valid, as published, whole, and as a page that fetches nothing."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from automl_server.documentation import page
from automl_server.openapi import document
from automl_server.operation import Auth
from automl_server.routes import OPERATIONS

PUBLISHED = yaml.safe_load(
    Path(__file__).with_name("published_training_status.yaml").read_text("utf-8")
)
API = document(OPERATIONS, "/user/ada/", "username-localhost")
TOLD = {
    (verb.upper(), path): told
    for path, verbs in API["paths"].items()
    for verb, told in verbs.items()
}


def resolved(told: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in told:
        return told
    *_, kind, name = told["$ref"].split("/")
    return API["components"][kind][name]


def plain(schema: Any) -> Any:
    """Return a schema with its texts on one line, and without what says nothing."""
    if isinstance(schema, list):
        return [plain(one) for one in schema]
    if not isinstance(schema, dict):
        return " ".join(schema.split()) if isinstance(schema, str) else schema
    return {
        key: plain(value)
        for key, value in schema.items()
        if not (key == "additionalProperties" and value is True) and key != "title"
    }


def test_it_is_an_openapi_3_1_document():
    OpenAPIV31SpecValidator(API).validate()
    assert API["openapi"] == "3.1.0"
    assert API["servers"] == [{"url": "/user/ada"}]
    assert document(OPERATIONS, "/", "c")["servers"] == [{"url": "/"}]


def test_it_has_every_operation():
    assert set(TOLD) == {(operation.verb, operation.path) for operation in OPERATIONS}
    tags = {tag["name"] for tag in API["tags"]}
    for told in TOLD.values():
        assert told["summary"]
        assert set(told["tags"]) <= tags


@pytest.mark.parametrize("name", PUBLISHED["components"]["schemas"])
def test_published_schemas_are_there_field_for_field(name):
    ours, published = (plain(api["components"]["schemas"][name]) for api in (API, PUBLISHED))
    if name == "ProblemType":
        published["enum"].append("time_series")  # the one addition
    if "description" not in published:
        ours.pop("description")
    assert ours == published


def test_the_published_operation_is_there_as_published():
    path = "/api/automl/train/jobs/{job_id}/status"
    ours, published = TOLD["PUT", path], PUBLISHED["paths"][path]["put"]
    for key in ("tags", "summary", "operationId", "security"):
        assert ours[key] == published[key]
    assert plain(published["description"]) in plain(ours["description"])
    assert plain(published["parameters"][0]["schema"]) == plain(ours["parameters"][0]["schema"])
    for status, answer in published["responses"].items():
        mine = resolved(ours["responses"][status])
        assert (
            mine["content"]["application/json"]["schema"]
            == (answer["content"]["application/json"]["schema"])
        )
    scheme = PUBLISHED["components"]["securitySchemes"]["APIKeyHeader"]
    assert API["components"]["securitySchemes"]["APIKeyHeader"].items() >= scheme.items()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.call.__name__)
def test_an_operation_names_its_errors_and_its_credentials(operation):
    told = TOLD[operation.verb, operation.path]
    wanted = {str(operation.status), "403", "404", "413", "500", "503"}
    if operation.auth is not Auth.NONE:
        wanted.add("401")
    if operation.body is not None:
        wanted |= {"415", "422"}
    if operation.query is not None:
        wanted.add("422")
    assert wanted <= set(told["responses"])
    for status, given in told["responses"].items():
        answer = resolved(given)
        assert "x-correlation-id" in answer["headers"]
        if int(status) >= 400:
            (schema,) = [one["schema"] for one in answer["content"].values()]
            name = "HTTPValidationError" if status == "422" else "ErrorResponse"
            assert schema["$ref"].endswith(name)
    schemes = {name for way in told["security"] for name in way}
    assert schemes <= set(API["components"]["securitySchemes"])
    assert ("APIKeyHeader" in schemes) == (operation.auth is Auth.PSK)
    if operation.scope is not None:
        assert {"AccessKey": [operation.scope.value]} in told["security"]


def test_examples_are_what_their_schemas_say():
    shown = [
        content
        for told in TOLD.values()
        for holder in [told.get("requestBody", {}), *map(resolved, told["responses"].values())]
        for content in holder.get("content", {}).values()
        if "example" in content
    ]
    assert len(shown) > 20
    for content in shown:
        schema = {**content["schema"], "components": API["components"]}
        checker = Draft202012Validator.FORMAT_CHECKER
        validator = Draft202012Validator(schema, format_checker=checker)
        validator.validate(content["example"])


def test_what_is_created_links_to_what_can_be_done_with_it():
    created = TOLD["POST", "/api/automl/train"]["responses"]["201"]["links"]
    assert {"get_training_job", "trigger_training_job", "stop_training_job"} <= set(created)
    assert {"delete_training_job", "update_training_status"} <= set(created)
    ids = {told["operationId"] for told in TOLD.values()}
    links = [
        link
        for told in TOLD.values()
        for answer in told["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert {link["operationId"] for link in links} <= ids
    of_b = TOLD["POST", "/api/v1/automl/jobs"]["responses"]["201"]["links"]
    assert of_b["get_automl_job"]["parameters"] == {"id": "$response.body#/id"}


async def test_it_is_served_to_everybody_with_its_address(ask, jp_base_url):
    answer = await ask("GET", "openapi.json", auth={})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["servers"] == [{"url": jp_base_url.rstrip("/")}]
    cookie = answer.json()["components"]["securitySchemes"]["JupyterCookie"]["name"]
    assert cookie.startswith("username-127-0-0-1")
    again = await ask(
        "GET", "openapi.json", auth={}, headers={"If-None-Match": answer.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_the_page_fetches_nothing_from_elsewhere_and_runs_nothing_else(ask):
    answer = await ask("GET", "docs", auth={})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    fetched = re.findall(r"(?:src|href|action)=\"([^\"]*)\"|url\(([^)]*)\)|@import", answer.text)
    assert {one[0] for one in fetched if not one[0].startswith("#")} == {"data:,", "openapi.json"}
    for operation in OPERATIONS:
        assert f'id="{operation.operation_id}"' in answer.text
    for name in API["components"]["schemas"]:
        assert f'id="schema-{name}"' in answer.text


def test_the_page_escapes_what_it_shows():
    bad = "<script>alert(1)</script> `<b>`"
    shown = page({**API, "info": {**API["info"], "description": bad, "title": bad}})
    assert "<script>alert" not in shown
    assert "<b>`" not in shown
    assert "<code>&lt;b&gt;</code>" in shown


async def test_reads_are_recognized_by_their_etag(ask, ready):
    job = await ready()
    for path in (f"train/jobs/{job['job_id']}", "train/jobs", "train/jobs?details=true"):
        first = await ask("GET", path)
        tag = {"If-None-Match": first.headers["etag"]}
        assert "no-cache" in first.headers["cache-control"]
        assert (await ask("GET", path, headers=tag)).status_code == 304
        assert (await ask("GET", path, headers={"If-None-Match": '"x"'})).status_code == 200
        unknown = await ask("GET", path, headers=tag, auth={})
        assert unknown.status_code == 401
        if path == "train/jobs":
            await ready()
            assert (await ask("GET", path, headers=tag)).status_code == 200
