"""Floor 4: every verb of the product, once."""

from automl_magics.service.access_keys import AccessKeyService
from automl_magics.service.caller import Caller, login_name
from automl_magics.service.datasets import DatasetService
from automl_magics.service.features import FeatureService
from automl_magics.service.models import ModelService
from automl_magics.service.services import Services
from automl_magics.service.sources import SourceService
from automl_magics.service.training_jobs import TrainingService

__all__ = [
    "AccessKeyService",
    "Caller",
    "DatasetService",
    "FeatureService",
    "ModelService",
    "Services",
    "SourceService",
    "TrainingService",
    "login_name",
]
