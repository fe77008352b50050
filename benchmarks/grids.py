"""How long does the whole job take: from a file to a page of samples, directions and strengths?

    python -m benchmarks.grids --peer genforce=PATH -o grids.json

The job is the default of the method's own program: 5 samples, 5 directions of all layers, 11 strengths from -3 to 3, at
256 px, as a page with the pictures in it. Programs run in turn, each time as whole processes; both get the same network
and the same z. That the pictures are the same is checked in those of the original program, which keeps JPEGs.
"""

from __future__ import annotations

import argparse
import base64
import io
import json
import re
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file

import sefa_core as sefa
from benchmarks.machine import machine
from benchmarks.network import saved
from benchmarks.peers import genforce_module
from benchmarks.process import run
from sefa_core.codes_file import save_codes
from sefa_core.interfaces import Codes

SIDE, SAMPLES, DIRECTIONS, STEPS, REACH = 256, 5, 5, 11, 3.0
PSI, PSI_ROWS = 0.7, 8
"""Truncation as the original program does it."""
ALIKE = 0.1
"""Grey levels by which a JPEG may differ in the mean from one that is made of our picture: roundings of the network."""
WHAT = f"{SAMPLES} samples x {DIRECTIONS} directions x {STEPS} strengths at {SIDE} px"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", action="append", default=[], metavar="NAME=PATH", help="only genforce has this job")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--networks", type=Path, default=Path("build/benchmarks"), help="where networks are kept")
    parser.add_argument("-o", "--output", type=Path)
    given = parser.parse_args()
    peers = dict(peer.split("=", 1) for peer in given.peer)
    given.networks.mkdir(parents=True, exist_ok=True)
    file = saved(SIDE, given.networks)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        jobs = {f"sefa {dtype}": ours(file, folder, dtype) for dtype in ("float32", "bfloat16")}
        if "genforce" in peers:
            jobs["genforce"] = theirs(Path(peers["genforce"]).resolve(), file, folder)
        runs: dict[str, list[dict[str, float]]] = {program: [] for program in jobs}
        order = list(jobs)
        for number in range(given.rounds):
            for program in order[number % len(order) :] + order[: number % len(order)]:
                runs[program].append(run(jobs[program]))
                print(f"{program:14} {runs[program][-1]}", flush=True)
        if given.output:
            results = [summary(program, took, runs.get("genforce")) for program, took in runs.items()]
            given.output.write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")
        if "genforce" in peers:
            print(f"pictures differ by {same_pictures(file, folder):.2f} grey levels in the mean", flush=True)


def ours(file: Path, folder: Path, dtype: str) -> list[str]:
    """The command that does the job with `sefa discover`, for the codes that the other program draws."""
    gan = sefa.load(file, device="cpu")
    torch.manual_seed(0)
    z = torch.randn(SAMPLES, gan.space.z_dim)
    codes = save_codes(folder / "codes.safetensors", gan.encode(z, truncation=PSI, truncation_layers=PSI_ROWS), gan)
    return [
        *(sys.executable, "-m", "sefa_core", "discover", str(file), "--layers", "all", "-k", str(DIRECTIONS)),
        *("--reach", str(REACH), "--steps", str(STEPS), "--seeds", str(codes), "--dtype", dtype, "--device", "cpu"),
        *("-o", str(folder / f"report-{dtype}")),
    ]  # fmt: skip


def theirs(checkout: Path, file: Path, folder: Path) -> list[str]:
    """The command that does it with genforce/sefa, for a file of its own format."""
    weights, out = folder / "genforce.pth", folder / "genforce"
    out.mkdir()
    torch.save({"generator_smooth": genforce_module(checkout, load_file(file), SIDE).state_dict()}, weights)
    told = ["-N", SAMPLES, "-K", DIRECTIONS, "--start_distance", -REACH, "--end_distance", REACH, "--step", STEPS]
    return [
        *(sys.executable, "-W", "ignore", "-m", "benchmarks.sefa_program", str(checkout), str(weights)),
        *(str(folder / "facts.pt"), "--", "--save_dir", str(out), *map(str, told)),
    ]


def same_pictures(file: Path, folder: Path) -> float:
    """How far the JPEGs of the other program are from our pictures of its directions, in grey levels in the mean."""
    facts, gan = torch.load(folder / "facts.pt"), sefa.load(file, device="cpu")
    codes = gan.encode(facts["z"], truncation=PSI, truncation_layers=PSI_ROWS)
    page = next((folder / "genforce").glob("*_semantic_first.html")).read_text()
    cells = re.findall(r"data:image/jpeg;base64, ([^\"]+)", page)  # by sample, direction, strength
    assert len(cells) == SAMPLES * DIRECTIONS * STEPS
    off = []
    for place in range(0, len(cells), 23):  # some of each kind
        sample, direction, step = np.unravel_index(place, (SAMPLES, DIRECTIONS, STEPS))
        moved = codes.rows[[sample]] + np.linspace(-REACH, REACH, STEPS)[step] * facts["directions"][direction]
        picture = gan.pixels(gan.synthesize(Codes(moved.to(torch.float32))))[0]  # (H, W, 3)
        jpeg = np.asarray(Image.open(io.BytesIO(base64.b64decode(cells[place]))))
        off.append(float(np.abs(_as_jpeg(picture).astype(float) - jpeg).mean()))
    if max(off) > ALIKE:
        raise SystemExit(f"genforce: its pictures differ by {max(off):.1f} grey levels; they must be the same")
    return statistics.fmean(off)


def _as_jpeg(picture: np.ndarray) -> np.ndarray:
    """What is left of `picture (H, W, 3)` in a JPEG like those of OpenCV, which loses more than programs differ."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "jpeg", quality=95, subsampling="4:2:0")
    return np.asarray(Image.open(file))


def summary(program: str, took: list[dict[str, float]], peer: list[dict[str, float]] | None) -> dict[str, Any]:
    medians = {what: round(statistics.median(one[what] for one in took), 2) for what in ("wall", "user", "rss")}
    ratio = ""
    if peer is not None:
        ratio = f"{statistics.median(b['wall'] / a['wall'] for a, b in zip(took, peer, strict=True)):.2f}x"
    return {
        "program": program,
        "wall, s": medians["wall"],
        "user, s": medians["user"],
        "most memory, MiB": round(medians["rss"]),
        "genforce takes": ratio,
        "runs": len(took),
    }


if __name__ == "__main__":
    main()
