"""A finished run, read back from its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from zoo.errors import ZooError
from zoo.report.metric_names import Metric

FORMAT = 1  # version of the folder's layout; a reader refuses folders of a later one
FILES = (
    "config.json",
    "metrics.json",
    "environment.json",
    "history.csv",
    "scores.csv",
    "report.html",
)


class RunFolderError(ZooError, OSError):
    """A run folder that cannot be written or read; the message says what to do."""


@dataclass(frozen=True)
class SavedRun:
    """A finished run.

    Attributes:
        path: the run folder.
        recipe: module name of the recipe.
        config: field name to JSON value, nested as the recipe's config is.
        metrics: metric name to number, text, bool or None.
        environment: as `zoo.backend.describe` returns it.
        comparison: one row per variant, or None.
        command: the command line that repeats the run; None if its folder holds none.
        data_settings: dotted names of the fields that the recipe declares as settings of its data;
            empty if its folder declares none.
        own_metrics: name to metric of what only this recipe has.
    """

    path: Path
    recipe: str
    config: dict[str, Any]
    metrics: dict[str, Any]
    environment: dict[str, Any]
    comparison: pd.DataFrame | None
    command: str | None = None
    data_settings: tuple[str, ...] = ()
    own_metrics: dict[str, Metric] = field(default_factory=dict)

    def history(self) -> pd.DataFrame:
        """Return one row per epoch, as `Result.history`.

        Raises:
            RunFolderError: history.csv cannot be read.
        """
        return _read_csv(self.path / "history.csv")

    def scores(self) -> pd.DataFrame:
        """Return one row per test sample, as `Result.scores`.

        Raises:
            RunFolderError: scores.csv cannot be read.
        """
        return _read_csv(self.path / "scores.csv")


def load_run(path: str | Path) -> SavedRun:
    """Read a finished run.

    Args:
        path: a folder that `zoo.report.run_folder.RunFolder` wrote.

    Raises:
        RunFolderError: no such folder, files are missing or damaged, or a later version wrote it.
    """
    folder = Path(path)
    if folder.exists() and not folder.is_dir():
        raise RunFolderError(f"{folder} is a file; give the run folder that it lies in")
    if not folder.is_dir():
        raise RunFolderError(f"run folder {folder} does not exist; `zoo run` prints where it wrote")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise RunFolderError(
            f"run folder {folder} is incomplete: {', '.join(missing)} missing; give a folder that "
            "`zoo run` finished"
        )
    config, metrics, environment = (_read_json(folder / name) for name in FILES[:3])
    if config.get("format") != FORMAT:
        raise RunFolderError(
            f"run folder {folder} has format {config.get('format')}, this zoo reads {FORMAT}; "
            "update keras-anomaly-zoo or run the recipe again"
        )
    absent = [name for name in ("recipe", "config") if name not in config]
    if absent:
        raise RunFolderError(
            f"{folder / FILES[0]} lacks {' and '.join(absent)}; run the recipe again"
        )
    path = folder / "comparison.csv"
    comparison = _read_csv(path) if path.is_file() else None
    if comparison is not None and "variant" not in comparison:
        raise RunFolderError(f"{path} has no column 'variant'; run the recipe again")
    return SavedRun(
        path=folder,
        recipe=config["recipe"],
        config=config["config"],
        metrics=metrics,
        environment=environment,
        comparison=comparison,
        command=config.get("command"),
        data_settings=tuple(config.get("data_settings", ())),
        own_metrics=_own_metrics(config, folder / FILES[0]),
    )


def _own_metrics(config: dict[str, Any], path: Path) -> dict[str, Metric]:
    try:
        return {name: Metric(**own) for name, own in config.get("own_metrics", {}).items()}
    except (TypeError, AttributeError) as error:
        raise RunFolderError(f"{path} is damaged ({error}); run the recipe again") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RunFolderError(f"{path} is damaged ({error}); run the recipe again") from error
    if not isinstance(content, dict):
        raise RunFolderError(f"{path} holds no JSON object; run the recipe again")
    return content


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except pd.errors.EmptyDataError:  # a table without columns
        return pd.DataFrame()
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise RunFolderError(f"{path} cannot be read ({reason}); run the recipe again") from error
