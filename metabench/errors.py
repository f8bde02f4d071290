"""The one error that a user is meant to read."""


class MetabenchError(Exception):
    """Something the user can put right: what is wrong, where, and what would be right.

    The command line prints it as one line without a traceback and exits with status 1.
    """
