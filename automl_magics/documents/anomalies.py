"""The notebook of an anomaly detector: detectors that see no label, judged by what there is."""

from collections.abc import Iterator

from automl_magics.documents.writing import Step, Writing

_HOURS = {"day": 24, "week": 168}


class AnomalyWriting(Writing):
    """One notebook, from what is known of a job."""

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        build, request = self.build, self.job.request
        seasons = {name: _HOURS[season] for name, season in build.seasons.items()}
        timed = {"TIME": request.time_column, "SEASONS": seasons} if seasons else {}
        yield "anomaly_rows", {**self.of_rows(), **timed}
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
        request = self.job.request
        yield from (member.candidate for member in self.build.members)
        told = {
            "labels": request.label_column is not None,
            "share": request.contamination is not None,
            "seasons": bool(self.build.seasons),
            self.result.metric: True,
        }
        yield from (name for name, holds in told.items() if holds)
