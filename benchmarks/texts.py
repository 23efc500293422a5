"""Texts beside scikit-learn's TF-IDF and logistic regression, in one run on the same rows.

``python benchmarks/texts.py DATA [--budget 60]``: DATA is the folder of the bench's data sets, of
which ``sms_spam`` is taken; to it come texts that every scikit-learn has: the docstrings of its
functions and classes, told apart by the subpackage that they are from. The peer has the settings
that scikit-learn's own guide names for texts (words and pairs of words, sublinear counts), its
penalty chosen by cross-validation.
"""

import argparse
import inspect
import json
import pkgutil
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

_MODULES = ("cluster", "decomposition", "ensemble", "linear_model", "metrics", "preprocessing")
_SHORTEST = 60


def main() -> None:
    """Run all and print one JSON line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--budget", type=float, default=60.0)
    asked = parser.parse_args()
    for name, (train, test, label) in {
        "sms_spam": sms(asked.data),
        "docstrings": docstrings(),
    }.items():
        for system in (ours, peer):
            begun = time.perf_counter()
            probabilities, classes = system(train, test, label, asked.budget)
            seconds = time.perf_counter() - begun
            scores = scored(probabilities, classes, test[label])
            row = {"set": name, "system": system.__name__, "rows": len(train), **scores}
            print(json.dumps({**row, "seconds": round(seconds, 1)}), flush=True)


def sms(data: Path) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return messages, spam or not."""
    parts = [pd.read_parquet(data / "sms_spam" / f"{part}.parquet") for part in ("train", "test")]
    return parts[0], parts[1], "type"


def docstrings() -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Return the paragraphs of docstrings, and the subpackages that they are from."""
    rows = dict.fromkeys(
        (paragraph, module) for module in _MODULES for paragraph in _paragraphs(module)
    )
    table = pd.DataFrame(list(rows), columns=["text", "module"]).drop_duplicates("text", keep=False)
    order = np.random.default_rng(0).permutation(len(table))
    cut = int(0.8 * len(table))
    return table.iloc[order[:cut]], table.iloc[order[cut:]], "module"


def _paragraphs(module: str) -> list[str]:
    package = import_module(f"sklearn.{module}")
    names = [f"sklearn.{module}"]
    names += [found.name for found in pkgutil.iter_modules(package.__path__, f"sklearn.{module}.")]
    found: list[str] = []
    for name in names:
        if "tests" in name:
            continue
        for _, member in inspect.getmembers(import_module(name)):
            own = str(getattr(member, "__module__", "")).startswith(f"sklearn.{module}")
            if own and (inspect.isclass(member) or inspect.isfunction(member)):
                of = [member, *vars(member).values()] if inspect.isclass(member) else [member]
                found += [text for one in of for text in (inspect.getdoc(one) or "").split("\n\n")]
    return [text for text in found if len(text) >= _SHORTEST]


def ours(
    train: pd.DataFrame, test: pd.DataFrame, label: str, budget: float
) -> tuple[Any, list[Any]]:
    """Train with this package; return probabilities and classes."""
    from automl_magics.training.budget import Budget
    from automl_magics.training.engine import train as fit
    from automl_magics.training.task import Task

    table = pa.Table.from_pandas(train, preserve_index=False)
    model: Any = fit(table, Task(label), budget=Budget(budget)).model
    return model.predict_raw(test), list(model.classes)


def peer(train: pd.DataFrame, test: pd.DataFrame, label: str, _: float) -> tuple[Any, list[Any]]:
    """Train scikit-learn's pipeline, the best penalty of five folds."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV
    from sklearn.pipeline import make_pipeline

    column = next(name for name in train.columns if name != label)
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2),
        LogisticRegression(max_iter=1000),
    )
    grid = {"logisticregression__C": [0.1, 1, 10, 100, 1000]}
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=5)
    search.fit(train[column], train[label])
    return search.predict_proba(test[column]), list(search.classes_)


def scored(probabilities: Any, classes: list[Any], truth: "pd.Series[Any]") -> dict[str, float]:
    """Return accuracy, log loss and ROC AUC, with the standard error of the accuracy."""
    from sklearn.metrics import log_loss, roc_auc_score

    right = np.array(classes, dtype=object)[probabilities.argmax(axis=1)] == truth.to_numpy()
    auc = (
        roc_auc_score(truth == classes[1], probabilities[:, 1])
        if len(classes) == 2
        else roc_auc_score(truth, probabilities, multi_class="ovr", labels=classes)
    )
    found = {
        "accuracy": right.mean(),
        "error": right.std() / np.sqrt(len(right)),
        "log_loss": log_loss(truth, probabilities, labels=classes),
        "roc_auc": auc,
    }
    return {name: round(float(value), 4) for name, value in found.items()}


if __name__ == "__main__":
    main()
