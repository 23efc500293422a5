"""The features of a proposal: keep or leave out, and call otherwise; page by page."""
# mypy: disallow-subclassing-any=False

from collections.abc import Sequence
from typing import Any

import ipywidgets

from automl_magics.contracts.features import RecipeFeature
from automl_magics.displays.view import render

PAGE = 20
"""Features on a page: each takes three controls, and a browser is slow with hundreds."""


class FeatureChoice(ipywidgets.VBox):
    """A row to a feature: a box to tick, its name to type over, what it is made of."""

    def __init__(self) -> None:
        self._features: list[RecipeFeature] = []
        self._left_out: set[str] = set()
        self._renamed: dict[str, str] = {}
        self._begin = 0
        self.is_open = True
        """Whether anything can be changed."""
        self._search = ipywidgets.Text(
            description="Search",
            placeholder="part of a name, table or expression",
            tooltip="Show the features that have this in their name, table or expression",
        )
        self._all = _button("Keep all", "Keep every feature shown by the search", self._keep_all)
        self._none = _button("Keep none", "Leave out what the search shows", self._keep_none)
        self._before = _button("Before", "The page before", lambda: self._turn(-PAGE))
        self._after = _button("After", "The next page", lambda: self._turn(PAGE))
        self._count, self._rows = ipywidgets.Label(), ipywidgets.VBox()
        self._search.observe(lambda _: self._restart(), names="value")
        super().__init__(
            [
                ipywidgets.HBox([self._search, self._all, self._none]),
                self._rows,
                ipywidgets.HBox([self._before, self._after, self._count]),
            ]
        )

    @property
    def left_out(self) -> list[str]:
        """Names of the features whose box is not ticked, in the recipe's order."""
        return [one.name for one in self._features if one.name in self._left_out]

    @property
    def renamed(self) -> dict[str, str]:
        """New names by the old ones, of the features that are kept."""
        return {
            name: new
            for name, new in self._renamed.items()
            if name not in self._left_out and new not in ("", name)
        }

    def show(self, features: Sequence[RecipeFeature], *, is_open: bool) -> None:
        """Show other features, all of them kept under their names, or the same ones again."""
        if list(features) == self._features and is_open == self.is_open:
            return
        if list(features) != self._features:
            self._features = list(features)
            self._left_out, self._renamed, self._begin = set(), {}, 0
        self.is_open = is_open
        self._draw()

    def _found(self) -> list[RecipeFeature]:
        part = str(self._search.value).strip().lower()
        return [
            one
            for one in self._features
            if part in f"{one.name} {one.source_table} {one.expression}".lower()
        ]

    def _draw(self) -> None:
        found = self._found()
        shown = found[self._begin : self._begin + PAGE]
        old, self._rows.children = self._rows.children, tuple(self._row(one) for one in shown)
        for row in old:
            _close(row)
        kept = len(self._features) - len(self._left_out)
        last = self._begin + len(shown)
        place = f"{self._begin + 1} to {last} of {len(found)}; " if shown else ""
        self._count.value = f"{place}{kept} of {len(self._features)} features kept"
        self._before.disabled, self._after.disabled = self._begin == 0, last >= len(found)
        self._all.disabled = self._none.disabled = not self.is_open

    def _row(self, feature: RecipeFeature) -> ipywidgets.Widget:
        name = feature.name
        kept = ipywidgets.Checkbox(
            value=name not in self._left_out,
            description=f"Keep {name}",
            indent=False,
            disabled=not self.is_open,
            tooltip=f"Keep {name}",
            layout={"width": "2em"},
        )
        called = ipywidgets.Text(
            value=self._renamed.get(name, name),
            description=f"What to call {name}",
            disabled=not self.is_open,
            tooltip=f"What to call {name}",
            layout={"width": "20em"},
        )
        for control in (kept, called):
            control.add_class("automl-heard")
        made_of = ipywidgets.HTML(render("feature.html", feature=feature))
        kept.observe(lambda change: self._tick(name, keep=change["new"]), names="value")
        called.observe(lambda change: self._call(name, change["new"]), names="value")
        return ipywidgets.HBox([kept, called, made_of])

    def _tick(self, name: str, *, keep: bool) -> None:
        (self._left_out.discard if keep else self._left_out.add)(name)
        kept = len(self._features) - len(self._left_out)
        place = str(self._count.value).rpartition("; ")[0]
        self._count.value = f"{place}; {kept} of {len(self._features)} features kept"

    def _call(self, name: str, new: str) -> None:
        self._renamed[name] = new.strip()

    def _keep_all(self) -> None:
        self._left_out -= {one.name for one in self._found()}
        self._draw()

    def _keep_none(self) -> None:
        self._left_out |= {one.name for one in self._found()}
        self._draw()

    def _turn(self, by: int) -> None:
        self._begin = max(0, self._begin + by)
        self._draw()

    def _restart(self) -> None:
        self._begin = 0
        self._draw()


def _button(text: str, tooltip: str, action: Any) -> ipywidgets.Button:
    made = ipywidgets.Button(description=text, tooltip=tooltip)
    made.on_click(lambda _: action())
    return made


def _close(row: ipywidgets.Widget) -> None:
    for control in row.children:
        control.close()
    row.close()
