"""Where a public data file is: a folder of the user's, `$ZOO_DATA`, or a checked download."""

import os
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError

KERAS_FILES = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"


@dataclass(frozen=True)
class Source:
    """A file that anyone may download.

    Attributes:
        name: File name, here and in the user's folder.
        address: Where it is downloaded from.
        checksum: `"algorithm:hexdigest"`, checked after the download.
        instead: Name of a local file that holds the same data and may take its place.
    """

    name: str
    address: str
    checksum: str
    instead: str | None = None


def _fashion_mnist(name: str, md5: str) -> Source:
    return Source(name, KERAS_FILES + name, f"md5:{md5}", instead="fashion_mnist.npz")


SOURCES = {
    source.name: source
    for source in (
        Source(
            "mnist.npz",
            KERAS_FILES + "mnist.npz",
            "sha256:731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        ),
        _fashion_mnist("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        _fashion_mnist("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
        _fashion_mnist("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
        _fashion_mnist("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        Source(
            "cifar-10-binary.tar.gz",
            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
            "md5:c32a1d4ab5d03f1284b67883e8d87530",
            instead="cifar10.npz",
        ),
    )
}


def find(name: str, data_dir: str | Path | None = None) -> Path | None:
    """Look for a file among the user's own: under `data_dir`, or else under `$ZOO_DATA`.

    Args:
        name: File name, or a path inside the folder.
        data_dir: Folder to look in. When given, `$ZOO_DATA` is not looked at.

    Returns:
        The path, or None where there is no such file.
    """
    folder = data_dir or os.environ.get("ZOO_DATA")
    path = Path(folder).expanduser() / name if folder else None
    return path if path and path.exists() else None


def locate(name: str, data_dir: str | Path | None = None) -> Path:
    """Find a public data file, downloading it when the user has no copy.

    A file of the user's own is taken as it is; a download is checked against its hash and kept in
    the user's cache.

    Args:
        name: File name, such as `"mnist.npz"`.
        data_dir: Folder that must hold the file; then nothing is downloaded.

    Returns:
        Path of a file that exists.

    Raises:
        FileNotFoundError: `data_dir` lacks the file, or nothing is known of where to get it.
        OSError: The download failed; the message says where to put the file by hand.
        InputError: What was downloaded is not the expected file.
    """
    path = find(name, data_dir)
    if path:
        return path
    source = SOURCES.get(name)
    if data_dir:
        instead = f" (or {source.instead})" if source and source.instead else ""
        raise FileNotFoundError(
            f"{Path(data_dir).expanduser() / name} does not exist; put {name}{instead} there, "
            "or leave data_dir out to search $ZOO_DATA and then download"
        )
    if source is None:
        raise FileNotFoundError(
            f"'{name}' is neither under $ZOO_DATA ({os.environ.get('ZOO_DATA') or 'not set'}) nor "
            f"among the files that can be downloaded: {', '.join(SOURCES)}; give its folder as "
            "data_dir"
        )
    return _download(source)


def locate_by_hand(name: str, address: str, data_dir: str | Path | None = None) -> Path:
    """Find public data that a program cannot fetch: behind a login, or without a known hash.

    Args:
        name: File or folder, as a path inside the user's folder.
        address: Page or file to download it from.
        data_dir: Folder to look in, instead of `$ZOO_DATA`.

    Returns:
        Path of a file or folder that exists.

    Raises:
        FileNotFoundError: It is not there; says what to download, from where, and which path to
            put it at.
    """
    path = find(name, data_dir)
    if path:
        return path
    if data_dir:
        wanted = Path(data_dir).expanduser() / name
        raise FileNotFoundError(
            f"{wanted} does not exist; download it from {address} and put it at that path"
        )
    folder = os.environ.get("ZOO_DATA")
    where = f"at {Path(folder).expanduser() / name}" if folder else f"at FOLDER/{name}"
    then = "" if folder else ", then set ZOO_DATA=FOLDER or give FOLDER as data_dir"
    raise FileNotFoundError(
        f"{name} is not under $ZOO_DATA ({folder or 'not set'}); download it from {address} and "
        f"put it {where}{then}"
    )


def _download(source: Source) -> Path:
    import pooch

    cache = Path(pooch.os_cache("keras-anomaly-zoo"))
    home = Path(os.environ.get("ZOO_DATA") or cache).expanduser()
    by_hand = f"download it by hand and put it at {home / source.name}"
    if source.instead:
        by_hand += f", or put {source.instead} in a folder and give that as data_dir"
    try:
        return Path(pooch.retrieve(source.address, source.checksum, source.name, cache))
    except OSError as error:
        raise OSError(
            f"{source.name} could not be downloaded from {source.address} "
            f"({type(error).__name__}: {error}); {by_hand}"
        ) from error
    except ValueError as error:
        raise InputError(
            f"what {source.address} sent is not the expected {source.name} "
            f"({source.checksum}); try again, or {by_hand}"
        ) from error
