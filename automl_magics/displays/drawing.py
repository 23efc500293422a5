"""Turns an Altair chart into what is shown: a live chart in JupyterLab, or SVG anywhere else."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

VEGA_LITE = "application/vnd.vegalite.v5+json"
"""The newest version of Vega-Lite that JupyterLab 4 brings its own renderer for."""

_VERSION = "5.20"
"""The Vega-Lite that Altair 5 writes."""

_INK = "currentColor"
"""The page's own text colour: dark on light, light on dark."""

_THEME = {
    "background": None,
    "font": "Arial, Liberation Sans, Helvetica, sans-serif",  # of one width: labels are measured
    "mark": {"color": "#4a8bc9"},
    "bar": {"color": "#4a8bc9"},
    "view": {"stroke": None},
    "padding": {"left": 14, "right": 8, "top": 6, "bottom": 4},  # a browser's font may be wider
    "axis": {
        "labelColor": _INK,
        "titleColor": _INK,
        "titleFontWeight": "normal",
        "titlePadding": 8,
        "domainColor": _INK,
        "tickColor": _INK,
        "domainOpacity": 0.4,
        "tickOpacity": 0.4,
        "gridColor": _INK,
        "gridOpacity": 0.12,
        "tickCount": 5,
    },
    "legend": {"labelColor": _INK, "titleColor": _INK},
    "title": {"color": _INK},
}

_GREY = "#808080"
"""Readable on light and on dark: a live chart keeps its colours when JupyterLab's theme changes."""

_LIVE = {
    "background": "transparent",
    "axis": {
        "labelColor": _GREY,
        "titleColor": _GREY,
        "titleFontWeight": "normal",
        "domainColor": _GREY,
        "tickColor": _GREY,
        "gridColor": _GREY,
        "gridOpacity": 0.2,
    },
    "view": {"stroke": None},
}


def bundle(chart: "alt.TopLevelMixin", text: str) -> dict[str, Any]:
    """Return what a notebook displays: the chart, and a text where there are no charts."""
    spec = chart.to_dict(validate=False)
    return {VEGA_LITE: {**spec, "config": _LIVE}, "text/plain": text}


def svg(chart: "alt.TopLevelMixin") -> str:
    """Return the chart as an ``<svg>`` element in the page's own colours, drawn without a browser.

    Text of the chart is escaped in it.
    """
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(
        chart.to_dict(validate=False), vl_version=_VERSION, config=_THEME
    )
    return drawn
