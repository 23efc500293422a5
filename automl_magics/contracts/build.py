"""How a returned model was built: what it takes to build it again from its snapshot."""

from typing import Any, Literal

from pydantic import BaseModel

from automl_magics.contracts.enums import AlgorithmName


class BuiltColumn(BaseModel):
    """A column that the model learned from."""

    name: str
    kind: Literal["number", "flag", "category", "moment", "text", "document", "image"]
    """How it became features."""
    type: str
    """Arrow's name of what it held."""
    parts: list[str] = []
    """Of a moment: the parts of the calendar that vary."""
    form: str | None = None
    """Of a moment: the format that text is read in; None is ISO 8601."""
    grams: dict[str, tuple[int, int]] = {}
    """Of a document: from how many to how many words or characters its n-grams have."""
    longest: int | None = None
    """Of a document: how many characters are looked at."""
    pictures: dict[str, Any] = {}
    """Of an image: how pictures were described, as `automl_magics.training.images` is told it."""


class BuiltFolds(BaseModel):
    """How rows were dealt to folds."""

    count: int
    """How many folds in each repeat; 1 where the latest rows were held out."""
    repeats: int = 1
    held_out: float | None = None
    """The share of the rows, by time, that was held out; None where every row had its turn."""
    time_form: str = "ISO8601"
    """The format that times are read in where they are text."""
    raced: bool = False
    """At first each configuration was fitted on the first folds only."""
    tried_on: int | None = None
    """How many folds these were; in a race one when left out, else all. Later folds repeat a fit
    with what came out of it."""
    used: list[int]
    """The numbers of the folds that the score is from."""


class BuiltMember(BaseModel):
    """One configuration in the returned model."""

    candidate: str
    algorithm: AlgorithmName
    parameters: dict[str, Any]
    """As fitted: with the rounds, trees, epochs or the penalty that came out."""
    weight: float
    """Its share in the returned model."""
    targets: bool = False
    """It learned from averages of the label by category too."""
    refitted: bool = False
    """Once fitted on all rows, that model took the place of the folds' models."""


class Build(BaseModel):
    """Everything but the rows and the request."""

    columns: list[BuiltColumn]
    """In the order of their features."""
    label_type: str
    """Arrow's name of what the label held."""
    folds: BuiltFolds
    members: list[BuiltMember]
    """The largest weight first."""
    candidates: int
    """How many fitted configurations the members were chosen from."""
    target_keys: list[list[str]] = []
    """The columns, and pairs of columns, by which the label was averaged."""
    temperature: float = 1.0
    threshold: float = 0.5
    usual: list[float] = []
    """What is said of rows of which nothing is known: each class's share, or the label's mean."""
    sample: int | None = None
    """So many rows were drawn, since the budget was short for all of them."""
    seed: int = 0
    threads: int
    """How many threads fits could use."""
    booster_threads: int = 1
    """How many threads each fold's booster used."""
    detectors: list[str] = []
    """Of a classifier of anomalies: the detectors whose places of a row it learned from."""
    seasons: dict[str, str] = {}
    """Of anomalies: the columns of which how far off their season they are was looked at."""
    forecast: dict[str, Any] = {}
    """Of a forecast: horizon, seasons, calendar, windows, and how models on lags were boosted."""
    one_pass: dict[str, Any] = {}
    """Of what Vowpal Wabbit learned in one pass: its options, how many rows it learned, and by how
    many of the last it was judged."""
    libraries: dict[str, str] = {}
    """The versions that it was trained with."""
