"""Reads a saved model, whichever procedure trained it."""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import cast

from automl_magics.contracts.enums import ProblemType
from automl_magics.training.procedure import Model

_MODELS: Mapping[ProblemType, tuple[str, str]] = {
    ProblemType.CONTEXTUAL_BANDIT: ("bandits.model", "BanditModel"),
    ProblemType.TIME_SERIES: ("series.model", "SeriesModel"),
    ProblemType.ANOMALY_DETECTION: ("anomalies.model", "AnomalyModel"),
    ProblemType.RANKING: ("ranking.model", "RankingModel"),
}
"""The modules here and their classes of models; of other problem types it is `TrainedModel`."""


def load_model(folder: Path) -> Model:
    """Return the model that `Model.save` has written to a folder."""
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    if document.get("kind") == "online":
        from automl_magics.training.online.model import OnlineModel

        return OnlineModel.load(folder)
    return model_class(ProblemType(document["problem_type"])).load(folder)


def model_class(problem_type: ProblemType) -> type[Model]:
    """Import the class of a problem type's models."""
    module, name = _MODELS.get(problem_type, ("model", "TrainedModel"))
    found = getattr(import_module(f"automl_magics.training.{module}"), name)
    return cast("type[Model]", found)
