"""The one exception for mistakes that a user can cause and mend."""


class UserError(Exception):
    """A mistake in the input, told in one sentence: what, where, what to do.

    Entries print its text without a traceback.  Errors that only a bug can cause are assertions.
    """
