"""Work for workers of another process, which import it from here."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from sefa_core.errors import SefaError


@dataclass(frozen=True)
class Counting:
    """Leaves a file for every time that a shard was begun, and takes a while."""

    folder: Path

    def __call__(self, gan: None, shard: int) -> int:
        with (self.folder / str(shard)).open("a") as file:
            file.write("x")
        time.sleep(0.05)
        return shard * shard


def dying(gan: None, shard: int) -> int:
    """Kills its own process on one shard."""
    if shard == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return shard


def refusing(gan: None, shard: int) -> int:
    raise SefaError(f"shard {shard}: is refused; take another")
