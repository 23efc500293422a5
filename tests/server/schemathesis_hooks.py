"""What schemathesis is told about our API: it is loaded by its command, not by pytest.

``AUTOML_TEST_CREDENTIALS`` holds wrong credentials, as a JSON list of headers; with it every
request carries one of them in place of the right one.
"""

import json
import os
import re
from itertools import cycle

import schemathesis
from schemathesis.generation.meta import TestPhase

from automl_server.operation import Auth
from automl_server.routes import OPERATIONS

WRONG = json.loads(os.environ.get("AUTOML_TEST_CREDENTIALS", "null"))
TURNS: dict[str, "cycle[dict[str, str]]"] = {}
SEEN: dict[str, set[str]] = {}

REFERENCES = {
    "/api/automl/train": {"source_table": "churn.csv", "label_column": "churned"},
    "/api/automl/train/preview": {"source_table": "churn.csv", "label_column": "churned"},
    "/api/automl/train/check": {"source_table": "churn.csv", "label_column": "churned"},
    "/api/automl/train/source": {"source_table": "churn.csv"},
    "/api/v1/automl/jobs": {"dataset": "churn.csv", "targetColumn": "churned"},
    "/api/automl/feature-engineering": {
        "target_table_name": "churn_features",
        "description": None,
        "source_tables": ["churn.csv"],
        "entity_grain": ["tenure"],
        "label": {"column": "churned"},
    },
}
"""What a schema cannot know: which tables there are, and which columns they have."""

PLAIN = {
    *("name", "description", "domain", "owner", "preset", "seed", "auto_trigger", "time_limit"),
    *("enable_ensemble", "mlflow_experiment_name", "registered_model_name", "timeLimit"),
}
"""Fields that refer to nothing."""


@schemathesis.hook
def filter_case(context, case):
    """Leave out a valid body that differs from an earlier one only in what refers to something."""
    if not refer_to_what_there_is(case) or case.meta.phase.name is not TestPhase.COVERAGE:
        return True
    seen = SEEN.setdefault(case.operation.label, set())
    asked = json.dumps(case.body, sort_keys=True)
    is_new = asked not in seen
    seen.add(asked)
    return is_new


@schemathesis.hook
def before_call(context, case, kwargs):
    refer_to_what_there_is(case)
    if WRONG is not None:
        turn = TURNS.setdefault(case.operation.label, cycle(WRONG))
        case.headers = {**(case.headers or {}), **next(turn)}


def refer_to_what_there_is(case):
    """Change a valid body that refers to something, and return whether it was one."""
    references = REFERENCES.get(case.operation.path) if case.method == "POST" else None
    is_valid = case.meta is not None and case.meta.generation.mode.is_positive
    if not references or not is_valid or not isinstance(case.body, dict):
        return False
    plain = {name: value for name, value in case.body.items() if name in PLAIN}
    case.body = plain | references
    return True


@schemathesis.check
def refuses_wrong_credentials(ctx, response, case):
    """Nothing but 401 and 403 for a wrong credential, whatever else is wrong."""
    path = "/api/" + response.request.url.partition("/api/")[2].partition("?")[0]
    for operation in OPERATIONS:
        if operation.verb == response.request.method and re.fullmatch(operation.pattern, path):
            if WRONG is not None and operation.auth is not Auth.NONE:
                assert response.status_code in (401, 403), response.status_code
            return
