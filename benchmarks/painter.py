"""What does one program need for a batch of pictures? A process that draws when it is told, and says what it took.

Started by `synthesis.py`: a line `draw` comes in, a JSON line with seconds goes out.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file

import sefa_core as sefa
from benchmarks.peers import PEERS, Draw
from sefa_core.cli.memory import keep_freed_memory
from sefa_core.interfaces import Codes


def drawing(program: str, folder: str, checkpoint: Path, side: int, dtype: str) -> Draw:
    if program != "sefa":
        return PEERS[program](Path(folder), load_file(checkpoint), side)
    gan = sefa.load(checkpoint, dtype=dtype)
    return lambda ws: gan.synthesize(Codes(ws), batch=len(ws))


def main(program: str, folder: str, checkpoint: str, side: str, batch: str, dtype: str, kept: str, first: str) -> None:
    if kept == "kept":
        keep_freed_memory()
    draw = drawing(program, folder, Path(checkpoint), int(side), dtype)
    rows = 2 * (int(side).bit_length() - 2)
    ws = torch.randn(int(batch), 1, 512, generator=torch.Generator().manual_seed(1)).repeat(1, rows, 1)
    serve(lambda: draw(ws), first)


def serve(draw: Callable[[], torch.Tensor], first: str) -> None:
    """Draw once into the file `first`, then whenever a line comes in."""
    with torch.no_grad():
        torch.save(draw().clone(), first)
        print("ready", flush=True)
        for _ in sys.stdin:
            used, begun = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
            draw()
            wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_SELF)
            took = {
                "wall": wall,
                "user": after.ru_utime - used.ru_utime,
                "system": after.ru_stime - used.ru_stime,
                "rss": after.ru_maxrss / 1024,
            }
            print(json.dumps(took), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
