"""Deployments: one, and the list of all."""

import shlex
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from automl_magics.contracts.models import CHAMPION, Deployment
from automl_magics.displays.view import MAGIC, View, render
from automl_magics.displays.wording import age, columns, words


def deployment_text(deployment: Deployment, command: str = MAGIC) -> str:
    """Return a deployment as a few lines of text."""
    lines = [f"{deployment.name}  version {deployment.version}  deployed"]
    lines += [f"  {what:<9} {value}" for what, value in facts(deployment)]
    lines += [f"  {'next':<9} {command} undeploy {shlex.quote(deployment.name)}"]
    return "\n".join(lines)


def deployment_html(deployment: Deployment) -> str:
    """Return a deployment as a table."""
    header = (deployment.name, f"version {deployment.version}, deployed")
    return render("table.html", header=header, rows=facts(deployment), note="")


def facts(deployment: Deployment) -> list[tuple[str, str]]:
    """Return what is known of a deployment, as (what, value) pairs."""
    since = age(deployment.deployed_at) if deployment.deployed_at else ""
    by = f"by {deployment.deployed_by}" if deployment.deployed_by else ""
    path = f"api/v1/automl/models/{quote(deployment.name, safe='')}/invocations"
    known = [
        ("model", f"models:/{deployment.name}@{CHAMPION}"),
        ("job", str(deployment.job_id)),
        ("predicts", words(deployment.problem_type or "")),
        ("from", ", ".join(column.name for column in deployment.inputs)),
        ("deployed", f"{since} {by}".strip()),
        ("rows to", f"POST {path}"),
    ]
    return [(what, value) for what, value in known if value]


class DeploymentList(View, Sequence[Deployment]):
    """Deployments, by name."""

    header = ("name", "version", "job", "predicts", "columns", "deployed", "by")

    def __init__(self, deployments: Sequence[Deployment]) -> None:
        self.deployments = deployments

    def text(self, command: str = MAGIC) -> str:
        """Return the deployments in columns."""
        if not self.deployments:
            return f"Nothing is deployed. Deploy a finished job: {command} deploy JOB"
        return columns(self._rows(), self.header)

    def html(self) -> str:
        """Return the deployments as a table."""
        note = "" if self.deployments else "Nothing is deployed."
        return render("table.html", header=self.header, rows=self._rows(), note=note)

    def data(self) -> list[dict[str, Any]]:
        """Return the deployments as documents."""
        return [deployment.model_dump(mode="json") for deployment in self.deployments]

    def __len__(self) -> int:
        return len(self.deployments)

    def __getitem__(self, place: Any) -> Any:
        return self.deployments[place]

    def _rows(self) -> list[tuple[str, ...]]:
        return [
            (
                deployment.name,
                deployment.version,
                deployment.job_id.hex[:8],
                words(deployment.problem_type or "-"),
                str(len(deployment.inputs)),
                age(deployment.deployed_at) if deployment.deployed_at else "-",
                deployment.deployed_by or "-",
            )
            for deployment in self.deployments
        ]
