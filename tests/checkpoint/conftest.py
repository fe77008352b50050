"""What the tests of the checkpoint reader share: one-line errors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sefa_core.errors import SefaError


@pytest.fixture
def line() -> Callable[[Callable[[], object]], str]:
    """Run something that must fail and return its one line, checking the form: what was read, what, what to do."""

    def run(action: Callable[[], object]) -> str:
        with pytest.raises(SefaError) as caught:
            action()
        message = str(caught.value)
        assert "\n" not in message and len(message) < 1000
        assert ": " in message and "; " in message, message
        assert message.isprintable()
        return message

    return run
