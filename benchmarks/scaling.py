"""What would a large measurement cost on many devices? Rates of one and of two workers are measured, the rest follows.

    python -m benchmarks.scaling -o scaling.json

The job is FID-50k along 100 directions at 8 strengths, beside unedited and reference pictures. Its shards need nothing
of each other, so time is the pictures over the rate of a worker and the number of devices, and what a worker takes to
begin. Features here are the cheap ones of `colours`; Inception's come on top, and are as easily shared.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path

import sefa_core as sefa
from benchmarks.machine import machine
from benchmarks.network import saved
from sefa_core.engine.cluster import RayEngine
from sefa_core.evaluate.frechet import CHUNK, Looking
from sefa_core.evaluate.predictors import features_named

SIDES = (256, 1024)
DIRECTIONS, STRENGTHS, CODES = 100, 8, 50_000
PICTURES = CODES * (DIRECTIONS * STRENGTHS + 2)
DEVICES = (1, 8, 64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], help="taken like the others take it; none has a part")
    parser.add_argument("--sides", type=int, nargs="+", default=list(SIDES))
    parser.add_argument("--pictures", type=int, default=48, help="made by each worker")
    parser.add_argument("--device", help="of every worker; by default a GPU each where the cluster has some")
    parser.add_argument("--networks", type=Path, default=Path("build/benchmarks"), help="where networks are kept")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    given.networks.mkdir(parents=True, exist_ok=True)
    results = []
    for side in given.sides:
        file = saved(side, given.networks).resolve()
        one, two = (rate(file, workers, given.pictures, given.device) for workers in (1, 2))
        results.append(
            {
                "picture": f"{side} px",
                "pictures a second of one worker": round(one[0], 2),
                "of two": round(two[0], 2),
                "seconds to begin": round(one[1], 1),
                **{f"hours on {count} such devices": modelled(one[0], one[1], count) for count in DEVICES},
            }
        )
        print(results[-1], flush=True)
    if given.output:
        given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")


def rate(file: Path, workers: int, pictures: int, device: str | None) -> tuple[float, float]:
    """Pictures a second of all workers, and the seconds until the first of them is there."""
    gan = sefa.load(file, device=device or "cpu")
    codes = gan.sample(range(pictures * workers))
    work = Looking(features_named("colours"), None, 0.0, min(4, CHUNK), False)
    shards = [codes[start : start + 4] for start in range(0, len(codes), 4)]
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    begun = time.perf_counter()
    with RayEngine(workers) as engine:
        list(engine.map(gan, work, shards[:workers]))
        ready = time.perf_counter()
        list(engine.map(gan, work, shards))
        ended = time.perf_counter()
    return len(codes) / (ended - ready), ready - begun


def modelled(rate: float, begin: float, devices: int) -> str:
    """Hours of the whole job on so many devices of that rate."""
    return f"{(begin + PICTURES / rate / devices) / 3600:,.0f}"


if __name__ == "__main__":
    main()
