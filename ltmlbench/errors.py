"""Errors a user can do something about. Their text is one line: what, where, what to do."""


class LtmlbenchError(Exception):
    """Base of the errors that the command line prints as one line."""


class RequestError(LtmlbenchError, ValueError):
    """The request was wrong: an unknown name, an option of the wrong type (exit code 2)."""


class DataError(LtmlbenchError, ValueError):
    """A folder or file is not what it should be (exit code 2)."""
