"""How do time and memory grow with the side of a picture, with the batch, and with the number of pictures?

    python -m benchmarks.growth -o growth.json

Our own program alone, each case in a process of its own, with freed memory kept as the command line does.
"""

from __future__ import annotations

import argparse
import json
import statistics
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.network import saved
from benchmarks.synthesis import OURS, painter

SIDES = (32, 64, 128, 256, 512, 1024)
BATCHES = (1, 2, 4, 8, 16)
PICTURES = (4, 8, 16, 32)


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
    cases += [("pictures", count, 256, 4, count // 4) for count in PICTURES]
    results = []
    for what, value, side, batch, rounds in cases:
        program = painter(OURS, "", saved(side, given.networks), side, batch, "float32", kept=True)
        try:
            took = [program.draw() for _ in range(rounds)]
        finally:
            program.close()
        walls = [one["wall"] for one in took]
        seconds = sum(walls) if what == "pictures" else statistics.median(walls)
        results.append({"grows": what, "to": value, "wall": seconds, "rss": max(one["rss"] for one in took)})
        print(f"{what:8} {value:5}  {seconds:7.3f} s  {results[-1]['rss']:6.0f} MiB", flush=True)
    if given.output:
        given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
