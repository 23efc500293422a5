"""What is to be learned from which column."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from automl_magics.contracts.enums import (
    AlgorithmName,
    AutoMLAlgorithm,
    PredictorType,
    Preset,
    ProblemType,
)
from automl_magics.contracts.errors import InvalidInput
from automl_magics.contracts.networks import NO_NETWORKS, Networks
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.training.algorithms import (
    families_for,
)


@dataclass(frozen=True)
class Task:
    """A training request without where its data comes from and where its model goes."""

    label_column: str | None = None
    """What to predict; not every problem type has it."""
    problem_type: ProblemType | None = None
    """Detected from the label when left out."""
    feature_columns: tuple[str, ...] | None = None
    """Every column but the label and those below when left out."""
    algorithm: AutoMLAlgorithm | None = None
    predictor_type: PredictorType | None = None
    """Found from the columns when left out (`automl_magics.training.contents`)."""
    preset: Preset = Preset.BALANCED
    metric: str | None = None
    exclude_algorithms: frozenset[AlgorithmName] = frozenset()
    enable_ensemble: bool = True
    seed: int = 0
    max_trials: int | None = None
    """So many configurations are fitted, each to its end; the same on every machine."""
    memory_limit: int | None = None
    """Bytes that training may use; 60 % of what is free when left out."""
    networks: Networks = NO_NETWORKS
    """Pretrained networks that texts and pictures are described by too."""
    weight_column: str | None = None
    group_column: str | None = None
    time_column: str | None = None
    series_column: str | None = None
    horizon: int | None = None
    action_column: str | None = None
    reward_column: str | None = None
    cost_column: str | None = None
    probability_column: str | None = None
    contamination: float | None = None

    @classmethod
    def from_request(cls, request: AutoMLTrainingRequest) -> "Task":
        """Return a request's task."""
        return cls(
            label_column=request.label_column,
            problem_type=request.problem_type,
            feature_columns=tuple(request.feature_columns) if request.feature_columns else None,
            algorithm=request.algorithm,
            predictor_type=request.predictor_type,
            preset=request.preset,
            metric=request.metric,
            exclude_algorithms=frozenset(request.exclude_algorithms),
            enable_ensemble=request.enable_ensemble,
            seed=request.seed,
            max_trials=request.max_trials,
            weight_column=request.weight_column,
            group_column=request.group_column,
            time_column=request.time_column,
            series_column=request.series_column,
            horizon=request.horizon,
            action_column=request.action_column,
            reward_column=request.reward_column,
            cost_column=request.cost_column,
            probability_column=request.probability_column,
            contamination=request.contamination,
        )

    def of(self, problem_type: ProblemType) -> "Task":
        """Return the task with its problem type settled."""
        return replace(self, problem_type=problem_type)

    @property
    def label(self) -> str:
        """The label column of a task that must have one; `InvalidInput` where it has none."""
        if self.label_column is None:
            raise InvalidInput(
                "There is no label column.",
                hint="Name the column to predict.",
                field="label_column",
            )
        return self.label_column

    @property
    def algorithms(self) -> list[AlgorithmName]:
        """The families to try, best first; the problem type must be settled."""
        if self.problem_type is None:
            msg = "the problem type is not settled yet"
            raise ValueError(msg)
        able = families_for(self.problem_type)
        if self.algorithm is not None:
            able = [name for name in able if name is self.algorithm]
        return [name for name in able if name not in self.exclude_algorithms]

    def features(self, columns: Collection[str]) -> list[str]:
        """Return the columns to learn from, of those there are."""
        if self.feature_columns is not None:
            return list(dict.fromkeys(self.feature_columns))
        apart = {
            self.label_column,
            self.weight_column,
            self.group_column,
            self.action_column,
            self.reward_column,
            self.cost_column,
            self.probability_column,
        }
        return [name for name in dict.fromkeys(columns) if name not in apart]
