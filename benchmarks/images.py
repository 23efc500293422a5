"""Our models of pictures beside HOG with a linear SVM, on the same pictures, in one run.

    python benchmarks/images.py --budget 60 --results benchmarks/results/images.csv

The pictures are scikit-learn's digits, each of 8 by 8 pixels rendered as a PNG; a quarter is kept
for testing, by a fixed split. HOG is scikit-image's, on pictures scaled to 32 by 32, the SVM's C is
chosen by five folds. A support vector machine with a Gaussian kernel on the pixels is known to suit
these digits and stands beside them. scikit-image is not among the project's packages:
``pip install --target FOLDER scikit-image`` and ``PYTHONPATH=FOLDER``.
"""

import argparse
import io
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.svm import SVC, LinearSVC

from automl_magics.training.budget import Budget
from automl_magics.training.engine import train
from automl_magics.training.task import Task

SIDE = 32


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--results", type=Path)
    given = parser.parse_args()
    pixels, label = load_digits(return_X_y=True)
    pictures = [rendered(one) for one in pixels]
    fit, test = train_test_split(
        np.arange(len(label)), test_size=0.25, random_state=0, stratify=label
    )
    systems: dict[str, Callable[[], Sequence[int]]] = {
        "ours": lambda: ours(
            pictures, label, fit, test, budget=given.budget, threads=given.threads
        ),
        "HOG + linear SVM": lambda: linear(hog_of(pictures), label, fit, test),
        "pixels + Gaussian SVM": lambda: gaussian(pixels, label, fit, test),
    }
    lines, right = [], {}
    for name, run in systems.items():
        begun = time.perf_counter()
        right[name] = np.asarray(run()) == label[test]
        seconds = time.perf_counter() - begun
        lines.append({"system": name, "accuracy": right[name].mean(), "seconds": seconds})
    table = pd.DataFrame(lines).round(4)
    print(table.to_string(index=False))
    random = np.random.default_rng(0)
    for name in list(systems)[1:]:
        gain = right["ours"].astype(float) - right[name]
        means = [random.choice(gain, len(gain)).mean() for _ in range(2_000)]
        low, high = np.quantile(means, [0.025, 0.975])
        print(f"ours - {name}: {gain.mean():+.4f} ({low:+.4f} to {high:+.4f})")
    if given.results:
        table.to_csv(given.results, index=False)


def rendered(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((pixels.reshape(8, 8) * 255 / 16).astype(np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def ours(pictures, label, fit, test, *, budget, threads):
    def column(rows):
        return pa.array([pictures[row] for row in rows], pa.binary())

    table = pa.table({"picture": column(fit), "digit": label[fit]})
    task = Task(label_column="digit", metric="accuracy")
    outcome = train(table, task, budget=Budget(budget), threads=threads)
    print(f"best: {outcome.result.best_candidate}; own estimate {outcome.result.test_score:.4f}")
    return outcome.model.predict(pa.table({"picture": column(test)}))["prediction"]


def hog_of(pictures):
    from skimage.feature import hog

    scaled = [
        np.asarray(Image.open(io.BytesIO(one)).resize((SIDE, SIDE), Image.Resampling.BILINEAR))
        for one in pictures
    ]
    return np.array([hog(one, pixels_per_cell=(8, 8), cells_per_block=(2, 2)) for one in scaled])


def linear(features, label, fit, test):
    search = GridSearchCV(LinearSVC(random_state=0), {"C": [0.01, 0.1, 1.0, 10.0]}, cv=5)
    return search.fit(features[fit], label[fit]).predict(features[test])


def gaussian(pixels, label, fit, test):
    search = GridSearchCV(SVC(), {"C": [1.0, 10.0, 100.0], "gamma": ["scale", 0.001]}, cv=5)
    return search.fit(pixels[fit], label[fit]).predict(pixels[test])


if __name__ == "__main__":
    main()
