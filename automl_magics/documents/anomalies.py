"""The notebooks of anomaly detection: detectors that see no label, and a classifier that does."""

from collections.abc import Iterator, Mapping
from typing import Any

from automl_magics.contracts.enums import ProblemType
from automl_magics.documents.supervised import SupervisedWriting
from automl_magics.documents.writing import Step, Writing

_HOURS = {"day": 24, "week": 168}


class AnomalyWriting(Writing):
    """A notebook of detectors, judged by what there is."""

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        build, request = self.build, self.job.request
        yield "anomaly_rows", {**self.of_rows(), **_of_seasons(self)}
        yield "features", self.of_features()
        yield "detectors", {"DETECTORS": [member.candidate for member in build.members]}
        if request.label_column is None:
            yield "anomalies_unlabelled", {}
        else:
            yield "anomalies_labelled", {}
            yield "folds", {"FOLDS": build.folds.count, "REPEATS": 1}
            yield "anomalies_judged", {}
        yield "compare", self.of_comparing(self.result.metric)
        yield "anomalies_model", {"THRESHOLD": build.threshold}

    def conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        yield self.result.metric
        yield from _conditions(self, [member.candidate for member in self.build.members])


class AnomalyClassifierWriting(SupervisedWriting):
    """A notebook of a classifier that learned from labels, and from what detectors say of a row."""

    learned_as = ProblemType.BINARY_CLASSIFICATION

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        build = self.build
        yield "anomaly_rows", {**self.of_rows(), **_of_seasons(self)}
        yield "features", self.of_features()
        yield "detectors", {"DETECTORS": build.detectors}
        yield "anomalies_labelled", {}
        yield self.of_folds()
        yield "anomalies_places", {}
        yield "learned", {}
        yield from self.of_fits()
        yield "compare", self.of_comparing(self.result.metric)
        yield "blend", {}
        yield "anomalies_classifier", {}
        yield "anomalies_model", {"THRESHOLD": build.threshold}

    def conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        yield from super().conditions()
        yield "classifier"
        yield from _conditions(self, self.build.detectors)

    @property
    def learned_rows(self) -> int:
        """How many rows have a label."""
        return self.result.validation_rows


def _of_seasons(writing: Writing) -> Mapping[str, Any]:
    seasons = {name: _HOURS[season] for name, season in writing.build.seasons.items()}
    return {"TIME": writing.job.request.time_column, "SEASONS": seasons} if seasons else {}


def _conditions(writing: Writing, detectors: list[str]) -> Iterator[str]:
    request = writing.job.request
    # A family of models is called neighbors too.
    yield from ("nearest" if name == "neighbors" else name for name in detectors)
    told = {
        "labelled": request.label_column is not None,
        "share": request.contamination is not None,
        "seasons": bool(writing.build.seasons),
    }
    yield from (name for name, holds in told.items() if holds)
