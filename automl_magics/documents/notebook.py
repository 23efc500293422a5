"""A notebook that rebuilds a finished job's model without us, as text of the format nbformat 4."""
# mypy: disable-error-code="no-untyped-call"

from collections.abc import Mapping
from pathlib import Path

from automl_magics.contracts.build import Build
from automl_magics.contracts.enums import ProblemType
from automl_magics.contracts.errors import Conflict
from automl_magics.contracts.training import TrainingJob, TrainingResult
from automl_magics.documents.anomalies import AnomalyClassifierWriting, AnomalyWriting
from automl_magics.documents.bandits import BanditWriting
from automl_magics.documents.finished import result_of
from automl_magics.documents.forecasts import ForecastWriting
from automl_magics.documents.one_pass import OnePassWriting
from automl_magics.documents.supervised import SupervisedWriting
from automl_magics.documents.writing import Writing

_WRITINGS: Mapping[ProblemType, type[Writing]] = {
    ProblemType.BINARY_CLASSIFICATION: SupervisedWriting,
    ProblemType.MULTICLASS_CLASSIFICATION: SupervisedWriting,
    ProblemType.REGRESSION: SupervisedWriting,
    ProblemType.RANKING: SupervisedWriting,
    ProblemType.CONTEXTUAL_BANDIT: BanditWriting,
    ProblemType.ANOMALY_DETECTION: AnomalyWriting,
    ProblemType.TIME_SERIES: ForecastWriting,
}
_KINDS = frozenset({"number", "flag", "category", "moment", "text", "document", "image"})
"""Of columns that there are cells for."""


def notebook_of(job: TrainingJob, snapshot: Path) -> str:
    """Return a notebook that rebuilds a job's model from its snapshot.

    Parameters
    ----------
    snapshot
        Where the notebook reads the job's rows.

    Raises
    ------
    Conflict
        The job has no model yet, or one that no notebook can be made of.
    """
    import nbformat

    result, build = check_rebuilt(job)
    writing = _writing(result, build)(job, result, build, snapshot)
    cells = [
        nbformat.v4.new_markdown_cell(cell.source, id=f"cell-{number}")
        if cell.kind == "markdown"
        else nbformat.v4.new_code_cell(cell.source, id=f"cell-{number}")
        for number, cell in enumerate(writing.cells(), 1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    text: str = nbformat.writes(notebook)
    return text


def _writing(result: TrainingResult, build: Build) -> type[Writing]:
    if build.one_pass:
        return OnePassWriting
    return AnomalyClassifierWriting if build.detectors else _WRITINGS[result.problem_type]


def check_rebuilt(job: TrainingJob) -> tuple[TrainingResult, Build]:
    """Return a job's result and how its model was built; `Conflict` where there is none."""
    result = result_of(job)
    problem = result.problem_type.value.replace("_", " ")
    why = _why_not(result)
    if why is not None or result.build is None:
        raise Conflict(
            f"There is no notebook that rebuilds the model of {job.name} ({problem}): {why}.",
            hint=f"Its report tells what was found: report {job.job_id.hex[:8]}.",
        )
    return result, result.build


def _why_not(result: TrainingResult) -> str | None:
    """Return why no notebook can be made of a job with a model; None where one can."""
    if result.problem_type not in _WRITINGS:
        return "none is written for such models yet"
    if result.networks:
        return "it learned with a pretrained network, whose copy only the model has"
    if result.build is None:
        return "an older version has trained it"
    strange = next((one for one in result.build.columns if one.kind not in _KINDS), None)
    if strange is not None:
        return f"none is written for columns such as '{strange.name}' ({strange.kind}) yet"
    return None
