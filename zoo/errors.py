"""The base of the errors that a user can mend."""


class ZooError(Exception):
    """Something the user can mend; the message says what was found and what to do."""
