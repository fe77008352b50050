"""What does `make bench` do? It runs every part, keeps what they measured, and fills the tables of docs/performance.md.

    python -m benchmarks ada=PATH genforce=PATH rosinality=PATH stylegan3=PATH biggan=PATH

Parts are the files beside this one that are named in `PARTS`. Each is called with `--peer NAME=PATH ... -o FILE` and
leaves a JSON object: `machine`, and `results`, a list of objects.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.page import written

PARTS = ("discovery", "synthesis", "families", "grids", "growth", "scaling")
HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "performance.md"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers", nargs="*", metavar="NAME=PATH", help="checkouts of other programs")
    parser.add_argument("--only", choices=PARTS, action="append", help="run these parts; the others stay as they were")
    parser.add_argument("--quick", action="store_true", help="256 px, batch 1, two rounds: to see that all works")
    parser.add_argument("--history", type=Path, default=HERE / "history", help="where results are kept, a file each")
    given = parser.parse_args()
    given.history.mkdir(parents=True, exist_ok=True)
    peers = [word for peer in given.peers for word in ("--peer", peer)]
    for part in given.only or PARTS:
        if not (HERE / f"{part}.py").exists():
            print(f"{part}: there is no such part yet", file=sys.stderr)
            continue
        print(f"== {part}", flush=True)
        quick = ["--sides", "256", "--batches", "1", "--rounds", "2"] if given.quick and part == "synthesis" else []
        latest = given.history / f"{part}.json"
        subprocess.run([sys.executable, "-m", f"benchmarks.{part}", *peers, *quick, "-o", str(latest)], check=True)
        record = json.loads(latest.read_text())
        stamp = str(record["machine"]["date"])[:16].replace(":", "")
        (given.history / f"{part}-{stamp}.json").write_text(json.dumps(record) + "\n")
    found = {
        part: json.loads((given.history / f"{part}.json").read_text())
        for part in PARTS
        if (given.history / f"{part}.json").exists()
    }
    PAGE.write_text(written(PAGE.read_text(), found, PAGE.parent / "images"))
    print(f"{PAGE.relative_to(HERE.parent)}: tables and curves are those of this run")


if __name__ == "__main__":
    main()
