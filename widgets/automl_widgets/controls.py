"""What our widgets have in common: a message line, questions, and a picture that stays."""
# mypy: disallow-subclassing-any=False

import threading
from collections.abc import Callable
from typing import Any

import ipywidgets

from automl_magics.contracts.errors import AutoMLError
from automl_magics.displays.view import render


class Panel(ipywidgets.VBox):
    """A widget that leaves text and HTML behind, for places where no widget lives.

    A saved notebook on a code host, nbconvert, or a notebook whose kernel has ended shows these.
    """

    def text(self) -> str:
        """Return what the widget shows now, as text."""
        raise NotImplementedError

    def html(self) -> str:
        """Return what the widget shows now, as HTML with everything a user wrote escaped."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        shown = super()._repr_mimebundle_(**kwargs)
        return {**shown, "text/plain": self.text(), "text/html": self.html()}


class Notice(ipywidgets.HTML):
    """One line that says what happened, or what is wrong; screen readers speak it."""

    def say(self, text: str) -> None:
        """Say that something was done; an empty text clears the line."""
        self.value = render("notice.html", kind="status", text=text) if text else ""

    def complain(self, error: AutoMLError) -> None:
        """Say what is wrong and what to do."""
        self.value = render("notice.html", kind="alert", text=str(error))


class Question(ipywidgets.HBox):
    """Asks before something that cannot be undone; hidden until then.

    What goes wrong with what was agreed to is told in ``notice``.
    """

    def __init__(self, notice: Notice) -> None:
        self._notice = notice
        self._text = ipywidgets.HTML()
        self._yes = ipywidgets.Button(button_style="danger")
        self._no = ipywidgets.Button(description="No", tooltip="Change nothing")
        self._then: Callable[[], None] = lambda: None
        self._yes.on_click(lambda _: self._answered(yes=True))
        self._no.on_click(lambda _: self._answered(yes=False))
        super().__init__([self._text, self._yes, self._no])
        self.layout.display = "none"

    def ask(self, text: str, yes: str, then: Callable[[], None]) -> None:
        """Ask; ``then`` is done when the person agrees."""
        self._text.value = render("message.html", text=text)
        self._yes.description = self._yes.tooltip = yes
        self._then = then
        self.layout.display = ""

    def _answered(self, *, yes: bool) -> None:
        self.layout.display = "none"
        if yes:
            _done(self._then, self._notice)


def button(
    text: str, tooltip: str, action: Callable[[], object], notice: Notice, *, style: str = ""
) -> ipywidgets.Button:
    """Return a button whose mistakes are told in ``notice``, in one line."""
    made = ipywidgets.Button(description=text, tooltip=tooltip, button_style=style)

    def act(_: Any) -> None:
        notice.say("")
        _done(action, notice)

    made.on_click(act)
    return made


def in_background(action: Callable[[], object], notice: Notice) -> threading.Thread:
    """Do what takes seconds on a thread of its own, so that cells and clicks go on meanwhile."""
    thread = threading.Thread(
        target=_done, args=(action, notice), name="automl-widget", daemon=True
    )
    thread.start()
    return thread


def _done(action: Callable[[], object], notice: Notice) -> None:
    try:
        action()
    except AutoMLError as error:
        notice.complain(error)
