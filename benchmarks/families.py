"""Is any family slower than its original? One picture of each, by both programs in turn, from the original's own file.

    python -m benchmarks.families --peer stylegan3=PATH --peer genforce=PATH --peer biggan=PATH -o families.json

Pictures must be equal up to rounding before anything is timed. Originals run on the CPU by what they have for it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.machine import machine
from benchmarks.originals import ORIGINALS
from benchmarks.synthesis import OURS, Painter, measured

ROUNDING = 5e-4
"""Of the deviation of a picture. Random weights with normalised features amplify it: at 1024 px StyleGAN is 2e-4 from
the same computed in float64, and its original 6e-5."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH", help="stylegan3, genforce, biggan")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--networks", type=Path, default=Path("build/benchmarks"), help="where networks are kept")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in given.peer)
    given.networks.mkdir(parents=True, exist_ok=True)
    results = []
    for name, case in ORIGINALS.items():
        if case.peer not in peers:
            continue
        checkout = str(Path(peers[case.peer]).resolve())
        file = given.networks / f"{name.replace(' ', '-')}{case.suffix}"
        if not file.exists():
            subprocess.run([sys.executable, "-m", "benchmarks.originals", "write", name, checkout, file], check=True)
        told = (
            ("benchmarks.originals", "ours", name, checkout, file),
            ("benchmarks.originals", "theirs", name, checkout, file),
        )
        painters = [Painter(who, "float32", *words) for who, words in zip((OURS, case.peer), told, strict=True)]
        ours, theirs = measured(case.side, 1, False, painters, given.rounds, ROUNDING)
        results.append(
            {
                "network": name,
                "original": case.peer,
                "sefa, s": round(ours.wall, 3),
                "original, s": round(theirs.wall, 3),
                "original takes": f"{theirs.slower:.2f}x",
                "of processor time": f"{theirs.slower_cpu:.2f}x",
                "largest difference": f"{theirs.error:.1e}",
            }
        )
        print(results[-1], flush=True)
    if given.output:
        given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
