"""How do time and memory grow with the side of a picture, with the batch, and with the number of samples?

    python -m benchmarks.growth -o growth.json

Our own program alone, each case in a process of its own; sides and batches with freed memory kept, as the command line
does, and samples as whole processes that make a grid of 3 directions and 5 strengths at 128 px.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.network import saved
from benchmarks.process import run
from benchmarks.synthesis import OURS, painter

SIDES = (32, 64, 128, 256, 512, 1024)
BATCHES = (1, 2, 4, 8, 16)
SAMPLES = (2, 4, 8, 16)
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
    if given.output:
        given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


def grown(what: str, to: int, seconds: float, rss: float) -> dict[str, object]:
    print(f"{what:8} {to:5}  {seconds:7.3f} s  {rss:6.0f} MiB", flush=True)
    return {"grows": what, "to": to, "wall": seconds, "rss": rss}


if __name__ == "__main__":
    main()
