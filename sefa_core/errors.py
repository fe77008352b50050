"""The one exception a user of the toolkit has to know."""

from __future__ import annotations


class SefaError(Exception):
    """One line for a human: what was read, what is wrong, what to do.

    The command line prints it and exits with status 1; nothing else is ever raised on bad input.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))
