"""The one table of every route that the extension serves."""

from automl_server import training, workbench

ROUTES = [*training.ROUTES, *workbench.ROUTES]
