"""AutoML in ipywidgets: a form that makes jobs, a monitor, a board, a review of proposals.

Nothing is imported until a widget is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from automl_widgets.board import JobsBoard
    from automl_widgets.form import AutoMLForm
    from automl_widgets.monitor import JobMonitor
    from automl_widgets.review import ProposalReview

__all__ = ["AutoMLForm", "JobMonitor", "JobsBoard", "ProposalReview"]

_MODULES = {
    "AutoMLForm": "form",
    "JobMonitor": "monitor",
    "JobsBoard": "board",
    "ProposalReview": "review",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
