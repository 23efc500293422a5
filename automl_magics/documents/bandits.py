"""The notebook of a contextual bandit: one policy of Vowpal Wabbit, judged as it goes on."""

from collections.abc import Iterator

from automl_magics.documents.writing import Step, Writing


class BanditWriting(Writing):
    """One notebook, from what is known of a job."""

    def steps(self) -> Iterator[Step]:
        """Yield the fragments in their order, each with its constants."""
        request, build = self.job.request, self.build
        log = {
            **self.of_rows(),
            "ACTION": request.action_column,
            "OUTCOME": request.reward_column or request.cost_column,
            "PROBABILITY": request.probability_column,
        }
        if request.time_column is not None:
            log["TIME"] = request.time_column
        if build.sample is not None:
            log["ROWS"] = build.sample
        yield "log", log
        yield "features", self.of_features()
        yield "dense", {}
        yield "vw_lines", {}
        names = {"options": "OPTIONS", "passes": "PASSES", "offset": "OFFSET"}
        parameters = build.members[0].parameters
        yield "bandit", {names[name]: value for name, value in parameters.items()}
        yield "compare", self.of_comparing(self.result.metric)
        yield "bandit_model", {"REPORTED_TEST": self.result.test_score}

    def conditions(self) -> Iterator[str]:
        """Yield what holds, as the fragments call it."""
        request = self.job.request
        told = {
            "normal": True,
            "many": self.result.train_rows > 50_000,
            "timed": request.time_column is not None,
            "costs": request.reward_column is None,
            "latest": self.build.sample is not None,
            self.result.metric: True,
        }
        yield from (name for name, holds in told.items() if holds)
