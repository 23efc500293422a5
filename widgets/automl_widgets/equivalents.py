"""The same request in other words: as a cell of a notebook, and as a call of the REST API."""

import csv
import io
import json
import shlex
from typing import Any

from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.magics.grammar import SHORT_FORMS, option_of

Fields = dict[str, Any]


def cell_of(fields: Fields) -> str:
    """Return the ``%%automl`` cell that asks for the same job."""
    options = [text for name, value in fields.items() for text in _option(name, value)]
    return f"%%automl train {' '.join(options)}\n{fields['source_table']}"


def call_of(fields: Fields, url: str = "http://localhost:8888/") -> str:
    """Return the ``curl`` command that asks a Jupyter server for the same job.

    The token is named by its variable, so that the text can be passed on.
    """
    body = json.dumps(fields, indent=2, ensure_ascii=False)
    return (
        f"curl -X POST {shlex.quote(f'{url}api/automl/train')} \\\n"
        '  -H "Authorization: Bearer $JUPYTER_TOKEN" -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(body)}"
    )


def _option(name: str, value: Any) -> list[str]:
    if name == "source_table":
        return []
    option = SHORT_FORMS.get(name, option_of(name))
    if isinstance(value, bool):
        return [option if value else option.replace("--", "--no-", 1)]
    if isinstance(value, list):
        return [f"{option} {shlex.quote(_list(value))}"]
    return [f"{option} {shlex.quote(str(value))}"]


def _list(values: list[Any]) -> str:
    """Return names with commas between them, in quotes where they hold one (see `ListOf`)."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(values)
    return line.getvalue()


def dump(request: AutoMLTrainingRequest) -> Fields:
    """Return the fields that a request sets, as JSON knows them."""
    fields: Fields = request.model_dump(mode="json", exclude_unset=True)
    return fields
