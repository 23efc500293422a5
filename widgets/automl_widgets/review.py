"""A proposal of the crew: look at it, change it, approve it or have it made anew."""
# mypy: disallow-subclassing-any=False

import threading

import ipywidgets
from pydantic import ValidationError

from automl_magics.contracts.enums import Preset
from automl_magics.contracts.errors import AutoMLError, InvalidInput
from automl_magics.contracts.features import (
    FeatureEngineeringStatus,
    RecipeEdits,
    TrainRequest,
)
from automl_magics.displays.proposals import proposal_html
from automl_magics.displays.wording import words
from automl_magics.feature_job import FeatureJobHandle
from automl_widgets.controls import Notice, Panel, Question, button, in_background
from automl_widgets.feature_choice import FeatureChoice
from automl_widgets.fields import STYLE, WIDE
from automl_widgets.label_choice import LabelChoice
from automl_widgets.live import LIVE

INTERVAL = 1.0
"""Seconds between looks while the crew is at work."""

TRAIN_NOT = ""


class ProposalReview(Panel):
    """Shows a feature engineering job, and takes the edits of its proposal.

    Nothing is changed before "Check" or "Approve": the first one has the edits validated and keeps
    them, the second one has the table made as well.

    Parameters
    ----------
    job
        The job's handle, as ``%automl features show TABLE`` returns it.
    """

    def __init__(self, job: FeatureJobHandle) -> None:
        self.job = job
        self._showing = threading.Lock()
        self._known: object = None
        self._head, self._notice = ipywidgets.HTML(), Notice()
        self._features, self._label = FeatureChoice(), LabelChoice()
        self._question = Question(self._notice)
        self._notes = ipywidgets.Textarea(
            description="notes", tooltip="Notes kept with the recipe", layout=WIDE, style=STYLE
        )
        self._train = ipywidgets.Dropdown(
            description="then train",
            options=[("no", TRAIN_NOT), *((words(one.value), one.value) for one in Preset)],
            tooltip="Whether to train a model on the table once it is made, and how thoroughly",
            layout=WIDE,
            style=STYLE,
        )
        self._check = button("Check", "Validate the edits and keep them", self.check, self._notice)
        self._approve = button(
            "Approve", "Have the training table made", self._ask, self._notice, style="primary"
        )
        self._retry = button("Retry", "Start the failed job anew", self.retry, self._notice)
        self._folded = ipywidgets.Accordion(
            [self._features, self._label, self._notes],
            titles=["Features", "Label", "Notes"],
            selected_index=0,
        )
        actions = ipywidgets.HBox([self._check, self._approve, self._retry])
        parts = [self._head, self._folded, self._train, actions, self._question, self._notice]
        super().__init__(parts)
        self.update()
        self._watch = LIVE.watch(self._look, after=INTERVAL)

    @property
    def edits(self) -> RecipeEdits:
        """What the person has changed; `InvalidInput` for a label that cannot be."""
        recipe = self.job.record.recipe
        notes = self._notes.value.strip()
        try:
            label = self._label.changed
        except ValidationError as error:
            reason = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise InvalidInput(f"The label: {reason}.", field="label") from None
        return RecipeEdits(
            remove_features=self._features.left_out,
            rename=self._features.renamed,
            label=label,
            notes=notes if recipe is not None and notes != (recipe.notes or "") else None,
        )

    def update(self) -> None:
        """Look at the job now and show it."""
        with self._showing:
            self._show()

    def check(self) -> None:
        """Have the edits validated and kept."""
        edits = self.edits

        def check() -> None:
            self.job.edit(
                remove=edits.remove_features,
                rename=edits.rename,
                label=edits.label,
                notes=edits.notes,
            )
            self.update()
            self._notice.say("The edits are valid and kept.")

        self._notice.say("Checking …")
        in_background(check, self._notice)

    def approve(self) -> None:
        """Have the table made with the edits, and a model trained where that is chosen."""
        train = None
        if self._train.value != TRAIN_NOT:
            train = TrainRequest.model_validate({"preset": self._train.value})
        self.job.approve(edits=self.edits, train=train is not None, train_request=train)
        self._go_on("Approved.")

    def retry(self) -> None:
        """Start a failed job anew."""
        self.job.retry()
        self._go_on("The job starts anew.")

    def close(self) -> None:
        """Stop watching and remove the widget; the job goes on."""
        self._watch.close()
        super().close()

    def text(self) -> str:
        """Return the proposal as text."""
        return self.job.text()

    def html(self) -> str:
        """Return the proposal as a card."""
        return self.job.html()

    def _ask(self) -> None:
        edits = self.edits
        changes = [
            f"without {len(edits.remove_features)} features" if edits.remove_features else "",
            f"{len(edits.rename)} renamed" if edits.rename else "",
            "with another label" if edits.label else "",
        ]
        said = ", ".join(change for change in changes if change) or "as proposed"
        self._question.ask(
            f"Make the table {self.job.record.target_table_name}, {said}?",
            "Yes, make it",
            self.approve,
        )

    def _show(self) -> None:
        record = self.job.refresh().record
        known = (record.status, record.updated_at, record.progress)
        if known == self._known:
            return
        self._known = known
        self._head.value = proposal_html(record, with_features=False)
        is_open = record.status is FeatureEngineeringStatus.PENDING_APPROVAL
        if record.recipe is not None:
            self._features.show(record.recipe.features, is_open=is_open)
            self._label.show(record.recipe.label, is_open=is_open)
            if not is_open or not self._notes.value:
                self._notes.value = record.recipe.notes or ""
        self._folded.layout.display = "" if record.recipe is not None else "none"
        self._notes.disabled = self._train.disabled = not is_open
        for one in (self._train, self._check, self._approve):
            one.layout.display = "" if is_open else "none"
        has_failed = record.status is FeatureEngineeringStatus.FAILED
        self._retry.layout.display = "" if has_failed else "none"

    def _look(self) -> float | None:
        try:
            self.update()
        except AutoMLError as error:
            self._notice.complain(error)
            return 5 * INTERVAL
        return INTERVAL if self.job.record.status.is_at_work else None

    def _go_on(self, said: str) -> None:
        self._notice.say(said)
        self.update()
        if self._watch.is_closed:
            self._watch = LIVE.watch(self._look, after=INTERVAL)
