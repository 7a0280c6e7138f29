"""Shared by the commands: choosing the backend, checking files, saying what happens."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from zoo.errors import InputError

ENGINES = ("auto", "fast", "reference")  # auto: what ZOO_ENGINE names, else fast


def early_options(words: Sequence[str], *names: str) -> argparse.Namespace:
    """Read --backend, --device, --engine and `names`: what is needed before any import."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--backend", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--engine", default="auto")
    for name in names:
        parser.add_argument(f"--{name}")
    return parser.parse_known_args(words)[0]


def start_backend(name: str, device: str, engine: str = "auto") -> None:
    """Choose backend, device and engine, before Keras is imported.

    Raises:
        BackendError: a backend or device that cannot be had.
        InputError: an unknown engine.
    """
    from zoo import backend

    if engine not in ENGINES:
        raise InputError(f"engine '{engine}' is unknown; choose one of {', '.join(ENGINES)}")
    if engine != "auto":
        os.environ["ZOO_ENGINE"] = engine
    show_notes()
    quiet_tensorflow()
    backend.tune_process()
    backend.choose(None if name == "auto" else name, device)


def show_notes() -> None:
    """Print what the engine says of a step it takes the slow way: one line on stderr each."""
    logger = logging.getLogger("zoo.engine")
    if not logger.handlers:
        logger.addHandler(_Notes())
        logger.setLevel(logging.INFO)


class _Notes(logging.Handler):
    """Print each record on the stderr of that moment."""

    def emit(self, record: logging.LogRecord) -> None:
        print(f"note: {record.getMessage()}", file=sys.stderr)


def quiet_tensorflow() -> None:
    """Silence TensorFlow's start-up messages and retracing advice, which no user can act on.

    Keras imports TensorFlow, where it is installed, to save a model under any backend.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.getLogger("tensorflow").setLevel(logging.ERROR)


@contextmanager
def readable_warnings() -> Iterator[None]:
    """Print a UserWarning as one sentence, without the file and line it came from."""
    usual = warnings.showwarning

    def show(message, category, filename, lineno, file=None, line=None):
        if issubclass(category, UserWarning):
            print(f"warning: {message}", file=sys.stderr)
        else:
            usual(message, category, filename, lineno, file, line)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def check_files(options: argparse.Namespace, *names: str) -> None:
    """Check, before the work, that the output files can be written after it.

    Args:
        options: parsed, `overwrite` among them.
        *names: options that name a file, or None.

    Raises:
        FileExistsError: a file exists, and no `--overwrite`.
        OSError: it is a folder, or lies in one that does not exist.
    """
    for name in names:
        file = getattr(options, name)
        if file is None:
            continue
        if file.is_dir():
            raise IsADirectoryError(f"{file} is a folder; give --{name} the name of a file")
        if file.exists() and not options.overwrite:
            raise FileExistsError(f"{file} exists already; give --overwrite or another --{name}")
        if not file.parent.is_dir():
            raise FileNotFoundError(f"{file.parent} does not exist; make that folder first")


def tell(line: str) -> None:
    """Print a line of progress; on a terminal it replaces the line before."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="\r", file=sys.stderr, flush=True)
    else:
        print(line, file=sys.stderr, flush=True)
