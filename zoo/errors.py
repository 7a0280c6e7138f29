"""The errors that a user can do something about: the command line prints them in one sentence.

Each is also the built-in error that a caller expects (`except ValueError` goes on working). Any
other error is a defect of the library and keeps its traceback.
"""


class ZooError(Exception):
    """Base of the errors whose message says what was found and what to do about it."""


class InputError(ZooError, ValueError):
    """Data, labels, files or settings that cannot be used."""


class MissingDependencyError(ZooError, ImportError):
    """An optional library that is not installed; the message names the extra that brings it."""
