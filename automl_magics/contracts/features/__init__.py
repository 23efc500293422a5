"""Feature engineering jobs as they travel: the request, the proposal, the edits and the record.

`FeatureEngineeringProposal`, `FeatureRecipe` and `ValidationSummary` are field for field as
published; what is ours is said to be ours.
"""

from automl_magics.contracts.features.job import (
    NEWEST_FEATURE_JOBS,
    CrewProgress,
    FeatureEngineeringJob,
    FeatureEngineeringPage,
    FeatureEngineeringStatus,
    FeatureJobFilter,
    FeatureJobListQuery,
)
from automl_magics.contracts.features.joins import JoinPlan, Role, Step
from automl_magics.contracts.features.proposal import (
    FeatureEngineeringApprovalResponse,
    FeatureEngineeringList,
    FeatureEngineeringProposal,
    approval_of,
    proposal_of,
)
from automl_magics.contracts.features.recipe import (
    MAX_FEATURES,
    Expression,
    FeatureRecipe,
    LabelSpec,
    LabelType,
    RecipeEdits,
    RecipeFeature,
    ValidationSummary,
)
from automl_magics.contracts.features.request import (
    MAX_TABLES,
    CrewName,
    FeatureEngineeringApproval,
    FeatureEngineeringRequest,
    TableName,
    TrainRequest,
)

__all__ = [
    "MAX_FEATURES",
    "MAX_TABLES",
    "NEWEST_FEATURE_JOBS",
    "CrewName",
    "CrewProgress",
    "Expression",
    "FeatureEngineeringApproval",
    "FeatureEngineeringApprovalResponse",
    "FeatureEngineeringJob",
    "FeatureEngineeringList",
    "FeatureEngineeringPage",
    "FeatureEngineeringProposal",
    "FeatureEngineeringRequest",
    "FeatureEngineeringStatus",
    "FeatureJobFilter",
    "FeatureJobListQuery",
    "FeatureRecipe",
    "JoinPlan",
    "LabelSpec",
    "LabelType",
    "RecipeEdits",
    "RecipeFeature",
    "Role",
    "Step",
    "TableName",
    "TrainRequest",
    "ValidationSummary",
    "approval_of",
    "proposal_of",
]
