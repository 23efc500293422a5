"""The closed vocabularies of the product."""

from enum import StrEnum


class JobStatus(StrEnum):
    """Lifecycle of a training job, as the store keeps it.

    The two REST dialects read it through `automl_magics.contracts.dialects`.
    """

    READY = "ready"
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_terminal(self) -> bool:
        """True when the job has ended; it may be extended still."""
        return self in (JobStatus.COMPLETE, JobStatus.FAILED, JobStatus.STOPPED)


class ProblemType(StrEnum):
    """Supervised / unsupervised problem categories."""

    BINARY_CLASSIFICATION = "binary_classification"
    MULTICLASS_CLASSIFICATION = "multiclass_classification"
    REGRESSION = "regression"
    RANKING = "ranking"
    ANOMALY_DETECTION = "anomaly_detection"
    CONTEXTUAL_BANDIT = "contextual_bandit"
    TIME_SERIES = "time_series"

    @property
    def is_classification(self) -> bool:
        """True when the label is one of a finite set of classes."""
        return self in (ProblemType.BINARY_CLASSIFICATION, ProblemType.MULTICLASS_CLASSIFICATION)


class AutoMLAlgorithm(StrEnum):
    """Supported AutoML algorithms."""

    LIGHTGBM_CLASSIFIER = "lightgbm_classifier"
    LIGHTGBM_REGRESSOR = "lightgbm_regressor"
    LIGHTGBM_RANKER = "lightgbm_ranker"
    XGBOOST_CLASSIFIER = "xgboost_classifier"
    XGBOOST_REGRESSOR = "xgboost_regressor"
    XGBOOST_RANKER = "xgboost_ranker"
    ISOLATION_FOREST = "isolation_forest"
    VW_CLASSIFIER = "vw_classifier"
    VW_REGRESSOR = "vw_regressor"
    VW_CONTEXTUAL_BANDIT = "vw_contextual_bandit"


class ModelFamily(StrEnum):
    """Families of models that the search tries beside the published algorithms."""

    EXTRA_TREES = "extra_trees"
    RANDOM_FOREST = "random_forest"
    LINEAR = "linear"
    NEURAL_NETWORK = "neural_network"
    NEAREST_NEIGHBORS = "nearest_neighbors"
    CATBOOST = "catboost"
    TAILS = "tails"
    HISTOGRAMS = "histograms"
    COMPONENTS = "components"
    SEASONAL_NAIVE = "seasonal_naive"
    EXPONENTIAL_SMOOTHING = "exponential_smoothing"
    THETA = "theta"
    ARIMA = "arima"
    ENSEMBLE = "ensemble"


AlgorithmName = AutoMLAlgorithm | ModelFamily
"""What a trial can be of."""


class Preset(StrEnum):
    """How much work a job does for its quality, from quickest to best."""

    FAST = "fast"
    BALANCED = "balanced"
    HIGH_QUALITY = "high_quality"
    BEST_QUALITY = "best_quality"


class PredictorType(StrEnum):
    """What kind of data a model learns from."""

    TABULAR = "tabular"
    TEXT = "text"
    IMAGE = "image"
    MULTIMODAL = "multimodal"


class AccessScope(StrEnum):
    """What an access key allows; neither includes the other."""

    READ = "ml-workbench:read"
    WRITE = "ml-workbench:write"


class ExecutorName(StrEnum):
    """Where training runs."""

    KERNEL = "kernel"
    AIRFLOW = "airflow"


class LogLevel(StrEnum):
    """Severity of a job's log line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Phase(StrEnum):
    """What a running job is doing."""

    STARTING = "starting"
    READING = "reading"
    TRAINING = "training"
    EVALUATING = "evaluating"
    REGISTERING = "registering"
    DONE = "done"


class TrialStatus(StrEnum):
    """How one fit of one configuration ended."""

    COMPLETE = "complete"
    FAILED = "failed"
