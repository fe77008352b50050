"""Is work behind the caller done in order, bounded, and are its failures told?"""

from __future__ import annotations

import threading

import pytest

from sefa_core.behind import behind
from sefa_core.errors import SefaError


def test_work_is_done_in_order_and_in_another_thread() -> None:
    done: list[tuple[int, bool]] = []
    with behind(lambda item: done.append((item, threading.current_thread() is threading.main_thread()))) as give:
        for item in range(50):
            give(item)
    assert done == [(item, False) for item in range(50)]


def test_the_caller_waits_where_too_much_is_not_done() -> None:
    gate, given = threading.Event(), 0

    def work(item: int) -> None:
        gate.wait(10)

    def all_of_them() -> None:
        nonlocal given
        with behind(work, most=3) as give:
            for item in range(20):
                give(item)
                given += 1

    caller = threading.Thread(target=all_of_them)
    caller.start()
    caller.join(0.3)
    assert caller.is_alive() and given == 3
    gate.set()
    caller.join(10)
    assert given == 20


def test_a_failure_is_raised_and_the_rest_is_dropped() -> None:
    done: list[int] = []

    def work(item: int) -> None:
        if item == 2:
            raise SefaError("no room for number 2")
        done.append(item)

    with pytest.raises(SefaError, match="number 2"), behind(work, most=1) as give:
        for item in range(100):
            give(item)
    assert done[:2] == [0, 1] and len(done) < 10


def test_a_failure_of_the_last_is_raised_at_the_end() -> None:
    with pytest.raises(ZeroDivisionError), behind(lambda item: 1 / item) as give:  # type: ignore[arg-type, return-value]
        give(0)
