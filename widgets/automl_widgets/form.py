"""A form that makes a training job, and shows the cell and the REST call that would make it."""
# mypy: disallow-subclassing-any=False

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ipywidgets
from IPython.core.getipython import get_ipython
from pydantic import ValidationError

from automl_magics.contracts.enums import Preset
from automl_magics.contracts.errors import AutoMLError, InvalidInput, UsageError
from automl_magics.contracts.training import AutoMLTrainingRequest
from automl_magics.displays.view import render
from automl_magics.displays.wording import words
from automl_magics.job import TrainingJobHandle
from automl_magics.job_creation import create_job
from automl_magics.magics.grammar import training_request
from automl_magics.session import Session
from automl_magics.settings import PRESET_SECONDS
from automl_magics.shared_session import shared_session
from automl_widgets.controls import Notice, Panel, button
from automl_widgets.data_choice import DataChoice
from automl_widgets.equivalents import call_of, cell_of, dump
from automl_widgets.fields import ADVANCED, STYLE, WIDE, control, value_of
from automl_widgets.monitor import JobMonitor

FRAME_NAME = "data"
"""What a frame is called that no variable holds."""


class AutoMLForm(Panel):
    """Pick the data and the label, and create a training job.

    Parameters
    ----------
    data
        A pandas, polars or Arrow frame, or what a source can be named by. It can also be picked in
        the form.
    label
        The column to predict.
    session
        The way in; the notebook's own when left out.

    Attributes
    ----------
    job
        The handle of the job that was created last; None before.
    """

    def __init__(
        self, data: Any = None, *, label: str | None = None, session: Session | None = None
    ) -> None:
        self.session = session or shared_session()
        self.job: TrainingJobHandle | None = None
        shell = get_ipython()
        self._namespace: dict[str, Any] = {} if shell is None else dict(shell.user_ns)
        self._folder = Path.cwd()
        source = self._named(data)
        self._make_controls()
        super().__init__(self._children())
        if source:
            self._data.name.value = source
        if label:
            self._label.value = label
        self._show()

    @property
    def request(self) -> AutoMLTrainingRequest:
        """What the form asks for now.

        Raises
        ------
        UsageError
            With one line on what is missing or wrong.
        """
        if not self._data.source:
            raise UsageError("Pick the data first.")
        return training_request(self._fields())

    def create(self) -> TrainingJobHandle:
        """Create the job that the form asks for, as its button does, and show its monitor.

        Raises
        ------
        InvalidInput
            With one line on what is wrong; nothing was created then.
        """
        self.job = create_job(
            self.session, self.request, namespace=self._namespace, folder=self._folder
        )
        self._notice.say(f"Created {self.job.name}.")
        self._place.children = (JobMonitor(self.job),)
        return self.job

    def close(self) -> None:
        """Remove the form and the monitor of its job; the job goes on."""
        for monitor in self._place.children:
            monitor.close()
        super().close()

    def text(self) -> str:
        """Return the cell that makes the same job."""
        return self._cell() or "Pick the data and the label."

    def html(self) -> str:
        """Return the cell that makes the same job."""
        return render("code.html", text=self.text())

    def _make_controls(self) -> None:
        self._label = ipywidgets.Combobox(
            description="label",
            placeholder="the column to predict",
            tooltip="The column to predict",
            layout=WIDE,
            style=STYLE,
        )
        self._problem = control("problem_type")
        self._features = ipywidgets.SelectMultiple(
            description="features",
            tooltip="Columns to learn from; every column but the label when none is chosen",
            rows=6,
            layout=WIDE,
            style=STYLE,
        )
        self._preset = ipywidgets.ToggleButtons(
            description="preset",
            options=[(words(preset.value), preset.value) for preset in Preset],
            value=self.session.settings.preset.value,
            tooltips=[f"{PRESET_SECONDS[preset]:.0f} s unless told otherwise" for preset in Preset],
            style={**STYLE, "button_width": "auto"},
            layout={"width": "max-content"},
        )
        self._preset.add_class("widget-inline-hbox")  # its label stands as the others do'
        self._seconds = control("time_limit")
        self._advanced = {name: control(name) for name in ADVANCED}
        self._notice, self._detected = Notice(), ipywidgets.HTML()
        self._equivalents = ipywidgets.HTML()
        self._place = ipywidgets.VBox()
        self._button = button("Create", "Create the training job", self.create, self._notice)
        self._button.button_style = "primary"
        self._data = DataChoice(self.session, self._namespace, self._folder, self._data_changed)
        self._label.observe(self._label_changed, names="value")
        for made in (self._problem, self._features, self._preset, self._seconds):
            made.observe(self._show, names="value")
        for made in self._advanced.values():
            made.observe(self._show, names="value")

    def _children(self) -> list[ipywidgets.Widget]:
        features = ipywidgets.Accordion([self._features], titles=["Features"])
        advanced = ipywidgets.VBox(list(self._advanced.values()))
        folded = ipywidgets.Accordion([advanced], titles=["Advanced"])
        same = ipywidgets.Accordion([self._equivalents], titles=["The same as a cell and a call"])
        return [
            self._data,
            self._label,
            ipywidgets.HBox([self._problem, self._detected]),
            self._preset,
            self._seconds,
            features,
            folded,
            same,
            self._button,
            self._notice,
            self._place,
        ]

    def _named(self, data: Any) -> str:
        """Return what names the data, and see to it that a frame has a name."""
        if data is None or isinstance(data, str | Path):
            return str(data or "")
        for name, value in self._namespace.items():
            if value is data and not name.startswith("_"):
                return name
        self._namespace[FRAME_NAME] = data
        return FRAME_NAME

    def _fields(self) -> dict[str, Any]:
        given: Mapping[str, Any] = {
            "label_column": str(self._label.value).strip() or None,
            "problem_type": self._problem.value,
            "feature_columns": list(self._features.value) or None,
            "preset": self._preset.value,
            "time_limit": value_of("time_limit", self._seconds),
            **{name: value_of(name, made) for name, made in self._advanced.items()},
        }
        fields = {name: value for name, value in given.items() if value is not None}
        return {"source_table": self._data.source, **fields}

    def _data_changed(self) -> None:
        columns = self._data.columns
        self._label.options = columns
        self._features.options = columns
        if columns and self._label.value not in columns:
            self._label.value = ""
        self._label_changed()

    def _label_changed(self, _: Any = None) -> None:
        self._detected.value = ""
        label = str(self._label.value).strip()
        try:
            profile = self._data.label_profile(label) if label else None
            if profile is not None:
                from automl_magics.training.label_checks import check_label

                detected = words(check_label(profile, None).value)
                about = f"detected: {detected}, {profile.distinct:,} values"
                self._detected.value = render("notice.html", kind="status", text=about)
        except AutoMLError as error:
            self._notice.complain(error)
            return
        self._show()

    def _show(self, _: Any = None) -> None:
        """Say what is missing, and what the form stands for now."""
        try:
            request = self.request
        except (UsageError, InvalidInput, ValidationError) as error:
            self._button.disabled = True
            self._equivalents.value = ""
            self._notice.say(str(error))
            return
        self._button.disabled = False
        self._notice.say("")
        fields = dump(request)
        texts = {"A cell of a notebook": cell_of(fields), "A call of the service": call_of(fields)}
        self._equivalents.value = "\n".join(
            render("code.html", title=title, text=text) for title, text in texts.items()
        )

    def _cell(self) -> str:
        try:
            return cell_of(dump(self.request))
        except UsageError:
            return ""
