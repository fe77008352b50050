"""How do time and memory grow with the side of a picture, the batch, the number of samples, and the checkpoint?

    python -m benchmarks.growth -o growth.json

Our own program alone, each case in a process of its own; sides and batches with freed memory kept, as the command line
does, and samples as whole processes that make a grid of 3 directions and 5 strengths at 128 px. Checkpoints are
what training leaves behind: the same generator of 256 px beside ever more of what an optimiser keeps, from which
`sefa factorize` takes directions.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.network import saved
from benchmarks.process import run
from benchmarks.synthesis import OURS, painter

SIDES = (32, 64, 128, 256, 512, 1024)
BATCHES = (1, 2, 4, 8, 16)
SAMPLES = (2, 4, 8, 16)
CHECKPOINTS = (128, 256, 512, 1024, 2048)
"""MiB"""
GRID = """\
import sys
import sefa_core as sefa
gan = sefa.load(sys.argv[1], device="cpu")
codes = gan.sample(range(int(sys.argv[2])), truncation=0.7)
for tile in gan.traverse(codes, gan.factorize(layers="all", k=3), strengths=[-3, -1.5, 0, 1.5, 3]):
    tile.image.sum()
"""
"""A grid whose pictures are looked at and let go, like a page that is written while they come."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peer", action="append", default=[], help="taken like the others take it; none has a part")
    parser.add_argument("--networks", type=Path, default=Path("build/benchmarks"), help="where networks are kept")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    given.networks.mkdir(parents=True, exist_ok=True)
    cases = [("side", side, side, 1, given.rounds) for side in SIDES]
    cases += [("batch", batch, 256, batch, given.rounds) for batch in BATCHES]
    results = []
    for what, value, side, batch, rounds in cases:
        program = painter(OURS, "", saved(side, given.networks), side, batch, "float32", kept=True)
        try:
            took = [program.draw() for _ in range(rounds)]
        finally:
            program.close()
        seconds = statistics.median(one["wall"] for one in took)
        results.append(grown(what, value, seconds, max(one["rss"] for one in took)))
    for count in SAMPLES:
        grid = [run([sys.executable, "-c", GRID, str(saved(128, given.networks)), str(count)]) for _ in range(2)]
        results.append(grown("samples", count, min(one["wall"] for one in grid), max(one["rss"] for one in grid)))
    with tempfile.TemporaryDirectory() as folder:
        for size in CHECKPOINTS:
            told = ["factorize", str(trained(saved(256, given.networks), size, Path(folder))), "--layers", "all"]
            found = [run([sys.executable, "-m", "sefa_core", *told, "-o", f"{folder}/pack"]) for _ in range(4)][1:]
            seconds = statistics.median(one["wall"] for one in found)  # without the first, which fills the cache
            results.append(grown("checkpoint", size, seconds, max(one["rss"] for one in found)))
    if given.output:
        given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


def trained(network: Path, size: int, folder: Path) -> Path:
    """A checkpoint of `size` MiB: the network, and moments of an optimiser that fill the rest; one at a time."""
    import torch
    from safetensors.torch import load_file

    state = load_file(network)
    rest = size * 2**20 - network.stat().st_size
    moments = {number: torch.rand(2**20) for number in range(max(rest, 0) >> 22)}  # 4 MiB each
    path = folder / "checkpoint.pt"
    torch.save({"g_ema": state, "optimizer": {"state": moments}}, path)
    return path


def grown(what: str, to: int, seconds: float, rss: float) -> dict[str, object]:
    print(f"{what:10} {to:5}  {seconds:7.3f} s  {rss:6.0f} MiB", flush=True)
    return {"grows": what, "to": to, "wall": seconds, "rss": rss}


if __name__ == "__main__":
    main()
