"""Speed of `fit` by the form in which its data arrive: arrays, a split, a frame, lists.

Every form trains the same network on the same samples and validates on the same others, so equal
speeds are expected. As a program it measures one backend: python -m zoo.bench.inputs.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Any

import numpy as np

from zoo.bench import statistics
from zoo.bench.contestants import FAST, Contestant
from zoo.bench.processes import Worker, WorkerError
from zoo.bench.subjects import SUBJECTS
from zoo.bench.worker import serve
from zoo.report import terminal

COMMAND = (sys.executable, "-m", "zoo.bench.inputs")
SUBJECT = "mlp_autoencoder"  # its steps are the shortest, so overhead weighs most
VALIDATION_SPLIT = 0.1
ARRAYS = "arrays, validation_data"  # the form that the others are compared with
HEADS = ("backend", "input of fit", "train/s", "× arrays")


def forms(x: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return the arguments of `fit` for each form of the samples `x`."""
    import pandas as pd

    kept = len(x) - round(VALIDATION_SPLIT * len(x))
    split = {"validation_split": VALIDATION_SPLIT}
    return {
        ARRAYS: {"x": x[:kept], "validation_data": x[kept:]},
        "array, validation_split": {"x": x, **split},
        "data frame, validation_split": {"x": pd.DataFrame(x), **split},
        "lists, validation_split": {"x": x.tolist(), **split},
    }


class InputSpeeds:
    """The answers of a worker.

    Args:
        task: `samples`; None takes the subject's own.
    """

    def __init__(self, task: dict[str, Any]):
        from zoo import backend

        backend.tune_process()
        subject = SUBJECTS[SUBJECT]
        self.subject = subject
        self.forms = forms(subject.data()[: task["samples"]])
        self.model = subject.build()
        self.model.compile(subject.optimizer())

    def begin(self) -> dict[str, Any]:
        """Train an epoch of each form, so that all is compiled; return the seconds of one."""
        for form in self.forms:
            self.train(form, 1)
        return {"forms": list(self.forms), "epoch_seconds": self.train(ARRAYS, 1)["seconds"]}

    def train(self, form: str, epochs: int) -> dict[str, Any]:
        """Time a whole call of `fit`."""
        given = self.forms[form]
        start = perf_counter()
        self.model.fit(**given, batch_size=self.subject.batch_size, epochs=epochs, verbose=0)
        return {
            "seconds": perf_counter() - start,
            "samples": epochs * len(self.forms[ARRAYS]["x"]),
        }


def measure(
    backends: Sequence[str],
    rounds: int,
    seconds: float,
    tell: Callable[[str], None] = lambda line: None,
    samples: int | None = None,
) -> list[dict[str, Any]]:
    """Measure every form on each backend, in rounds whose order rotates.

    Args:
        backends: names.
        rounds: repetitions.
        seconds: of one repetition.
        tell: takes a line of progress.
        samples: None takes the subject's own.

    Returns:
        A row per backend and form: `backend`, `input`, `train_per_second`, `ratio`, `ratio_low`,
        `ratio_high` (to arrays), `error`.
    """
    rows: list[dict[str, Any]] = []
    for backend in backends:
        worker = Worker(Contestant(backend, FAST), COMMAND)
        try:
            tell(f"inputs: starting {backend}")
            began = worker.ask(samples=samples)
            epochs = max(1, round(seconds / began["epoch_seconds"]))
            rates: dict[str, list[float]] = {form: [] for form in began["forms"]}
            for turn in range(rounds):
                tell(f"inputs on {backend}: round {turn + 1} of {rounds}")
                shift = turn % len(rates)
                for form in [*began["forms"][shift:], *began["forms"][:shift]]:
                    found = worker.ask(do="train", form=form, epochs=epochs)
                    rates[form].append(found["samples"] / found["seconds"])
            rows += [_row(backend, form, rates[form], rates[ARRAYS]) for form in rates]
        except WorkerError as error:
            rows.append({"backend": backend, "input": ARRAYS, "error": str(error)})
        finally:
            worker.end()
    return rows


def print_inputs(rows: Sequence[dict[str, Any]]) -> None:
    """Print the rows of `measure` as a table."""
    cells = [
        [
            row["backend"],
            row["input"],
            f"{row['train_per_second']:,.0f}",
            f"{row['ratio']:.2f}"
            + (
                ""
                if row["ratio_low"] is None
                else f" [{row['ratio_low']:.2f}, {row['ratio_high']:.2f}]"
            ),
        ]
        for row in rows
        if not row["error"]
    ]
    errors = [f"{row['backend']}: {row['error']}" for row in rows if row["error"]]
    title = SUBJECTS[SUBJECT].title
    terminal.print_texts(f"Input of fit, {title}, whole calls", HEADS, cells, errors)


def _row(backend: str, form: str, own: Sequence[float], arrays: Sequence[float]) -> dict[str, Any]:
    ratio, low, high = statistics.paired_ratio(own, arrays)
    return {
        "backend": backend,
        "input": form,
        "train_per_second": statistics.median(own),
        "ratio": ratio,
        "ratio_low": low,
        "ratio_high": high,
        "error": None,
    }


def main() -> None:
    """Answer requests from stdin on stdout."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # so that output of libraries does not mix with the answers
    warnings.simplefilter("ignore")  # a model of noise may collapse, which does not matter here
    serve(sys.stdin, lambda found: print(json.dumps(found), file=out, flush=True), InputSpeeds)


if __name__ == "__main__":
    main()
