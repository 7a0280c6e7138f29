"""The folder of one run: it appears whole, under its final name, or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo.report import run_page, strict_json
from zoo.report.config import config_to_json, data_settings
from zoo.report.page import png
from zoo.report.saved_run import FORMAT, RunFolderError

if TYPE_CHECKING:
    from zoo.report.result import Result


class RunFolder:
    """A context manager that writes the run folder of a recipe.

    All files go to a hidden sibling; only a clean exit renames it to `path`, in one step. After an
    error or Ctrl-C the sibling is removed, and a folder that was to be replaced stays as it was.

    Args:
        path: the folder to write; its parents are made.
        overwrite: replace `path` if it is a run folder already.

    Raises:
        RunFolderError: on entry, before any training: `path` exists, or cannot be written.

    Example:
        with RunFolder("runs/first") as folder:
            result = recipe.run(config)
            folder.save(result, environment=backend.describe(), command="zoo run …")
    """

    def __init__(self, path: str | Path, overwrite: bool = False):
        self.path = Path(os.path.abspath(Path(path).expanduser()))
        self.overwrite = overwrite
        self._made_parents: list[Path] = []
        self._saved = False

    def __enter__(self) -> RunFolder:
        self._refuse_to_lose_data()
        self._partial = self.path.with_name(f".{self.path.name}.incomplete-{secrets.token_hex(4)}")
        try:
            self._make_parents()
            self._partial.mkdir()
        except OSError as error:
            self._clean_up()
            raise RunFolderError(
                f"cannot make the run folder {self.path}: {_reason(error)}; give another --out"
            ) from error
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            if kind is None:
                self._publish()
        finally:
            self._clean_up()

    def save(self, result: Result, environment: Mapping[str, Any], command: str) -> None:
        """Write every file of the run.

        Args:
            result: what the recipe returned.
            environment: versions, backend, device, cores, seed; any JSON values.
            command: the command line that reproduces the run.

        Raises:
            RunFolderError: a file cannot be written, as on a full disk.
        """
        try:
            self._write_tables(result, environment, command)
            if result.model is not None:
                result.model.save(self._partial / "model.keras")
            (self._partial / "figures").mkdir()
            pictures = {stem: png(figure) for stem, figure in result.figures.items()}
            for stem, picture in pictures.items():
                (self._partial / "figures" / f"{stem}.png").write_bytes(picture)
            page = run_page.render(result, environment, command, pictures)
            (self._partial / "report.html").write_text(page, encoding="utf-8")
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cure = "free some space or give --out on another disk" if full else "give another --out"
            raise RunFolderError(
                f"cannot write the run to {self.path}: {_reason(error)}; nothing was kept there; "
                f"{cure}, then run again"
            ) from error
        self._saved = True

    def _write_tables(self, result: Result, environment: Mapping[str, Any], command: str) -> None:
        config = {
            "format": FORMAT,
            "recipe": result.recipe,
            "config": config_to_json(result.config),
            "data_settings": data_settings(result.config),
            "own_metrics": {name: asdict(own) for name, own in result.own_metrics.items()},
            "command": command,
        }
        strict_json.write(self._partial / "config.json", config)
        strict_json.write(self._partial / "metrics.json", result.metrics)
        strict_json.write(self._partial / "environment.json", environment)
        result.history.to_csv(self._partial / "history.csv", index=False)
        result.scores.to_csv(self._partial / "scores.csv", index=False)
        if result.comparison is not None:
            result.comparison.to_csv(self._partial / "comparison.csv", index=False)

    def _refuse_to_lose_data(self) -> None:
        if not os.path.lexists(self.path):
            return
        if not self.overwrite:
            raise RunFolderError(
                f"run folder {self.path} exists already; give --overwrite to replace it, "
                "or another --out"
            )
        is_folder = self.path.is_dir() and not self.path.is_symlink()
        is_run = is_folder and (self.path / "metrics.json").is_file()
        if not is_run and not (is_folder and not any(self.path.iterdir())):
            raise RunFolderError(
                f"{self.path} is no run folder (it holds no metrics.json), so --overwrite will not "
                "delete it; give another --out"
            )

    def _make_parents(self) -> None:
        missing = [parent for parent in self.path.parents if not parent.exists()]
        for parent in reversed(missing):
            parent.mkdir(exist_ok=True)
            self._made_parents.append(parent)

    def _publish(self) -> None:
        if not self._saved:
            raise RuntimeError(f"nothing was saved for {self.path}; call save inside the block")
        try:
            if self.overwrite and self.path.exists():
                self._replace()
                return
            wanted, attempt = self.path, 1
            while os.path.lexists(self.path):  # another run took the name during the training
                attempt += 1
                self.path = wanted.with_name(f"{wanted.name}-{attempt}")
            self._partial.rename(self.path)
        except OSError as error:
            raise RunFolderError(
                f"cannot put the finished run at {self.path}: {_reason(error)}; give another --out"
            ) from error
        if self.path != wanted:
            warnings.warn(
                f"{wanted} was written by another run meanwhile; this one is at {self.path}",
                stacklevel=3,
            )

    def _replace(self) -> None:
        aside = self.path.with_name(f".{self.path.name}.replaced-{secrets.token_hex(4)}")
        self.path.rename(aside)
        try:
            self._partial.rename(self.path)
        except BaseException:
            aside.rename(self.path)
            raise
        shutil.rmtree(aside, ignore_errors=True)

    def _clean_up(self) -> None:
        """Remove the rest of an unfinished run: its files and the parents made for it."""
        shutil.rmtree(self._partial, ignore_errors=True)
        for parent in reversed(self._made_parents):
            with contextlib.suppress(OSError):  # holds the finished run, or something else
                parent.rmdir()


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
