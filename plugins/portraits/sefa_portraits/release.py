"""Ship what a training made: `python -m sefa_portraits.release RUN` writes the generator and the record of its run.

`RUN` is a folder of `sefa_portraits.train`, finished or not; nothing in it is changed.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch

from sefa_core.checkpoint import open_checkpoint
from sefa_core.errors import SefaError
from sefa_core.evaluate.frechet import distance
from sefa_core.files import whole_file
from sefa_core.generator import Generator
from sefa_core.loading import load
from sefa_core.methods.covariance import Covariance
from sefa_portraits.factors import NAMES, sample
from sefa_portraits.predictor import WEIGHTS as PREDICTOR
from sefa_portraits.renderer import render
from sefa_portraits.train import export

HERE = Path(__file__).parent
GENERATOR = HERE / "portraits64.safetensors"
"""The generator that ships; its record lies beside it."""
MOST_BYTES = 4 << 20
MOST_ERROR = 0.02
"""Of half precision: a hundredth of the range of a picture, which is 2."""
COMPARED = 256
"""Codes whose pictures are drawn in both precisions."""
CURVE = 60
"""Points of the loss curve in the record."""
FRESH, OTHERS = 3 << 40, 4 << 40
"""Seeds of renders that no training sees."""


@click.command(context_settings={"show_default": True})
@click.argument("run", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), default=HERE, show_default="this package", help="Folder.")
@click.option("--samples", type=click.IntRange(256), default=8192, help="Pictures of each kind for Frechet distances.")
@click.option("--machine", default=None, help="What the training ran on; what this machine is, by default.")
def main(run: Path, out: Path, samples: int, machine: str | None) -> None:
    """Write the averaged generator of RUN as portraits64.safetensors, and beside it portraits64.json, its record."""
    try:
        written = release(run, out, samples=samples, machine=machine or this_machine())
    except SefaError as problem:
        raise click.ClickException(str(problem)) from problem
    click.echo(json.dumps({name: value for name, value in written.items() if name != "curve"}, indent=2))


def release(run: Path, out: Path, *, samples: int, machine: str) -> dict[str, Any]:
    """Write both files into `out`; returns the record."""
    source = run / "generator.safetensors"
    stored = open_checkpoint(source)
    told = json.loads(stored.metadata.get("training", "{}"))
    if "recipe" not in told:
        raise SefaError(f"{source}: it has no record of a training; give a folder of `python -m sefa_portraits.train`")
    whole = load(source, device="cpu")
    name = f"portraits{whole.resolution}"
    target = out / f"{name}.safetensors"
    tensors = {key: torch.from_numpy(stored.tensors.read(key)) for key in stored.tensors}
    with np.errstate(over="ignore"):  # what half precision cannot hold shows in the pictures
        export(tensors, target, told, dtype="float16")
    precision, error = "float16", difference(whole, load(target, device="cpu"))
    if not error <= MOST_ERROR:  # nor NaN
        export(tensors, target, told)
        precision = "float32"
    size = target.stat().st_size
    if size > MOST_BYTES:
        raise SefaError(f"{target}: it has {size} bytes, more than {MOST_BYTES}; train a smaller network")
    record = {
        "name": name,
        "pictures": told["pictures"],
        "seconds": told["seconds"],
        "machine": machine,
        "torch": torch.__version__,
        "recipe": told["recipe"],
        "precision": precision,
        "half_precision_error": round(error, 5) if math.isfinite(error) else None,
        "bytes": size,
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "licence": "MIT",
        **(judged(load(target, device="cpu"), samples) if PREDICTOR.exists() else {}),
        "curve": curve(run / "log.jsonl"),
    }
    with whole_file(out / f"{name}.json") as temporary:
        temporary.write_text(as_text(record), encoding="utf-8")
    return record


def difference(one: Generator, other: Generator) -> float:
    """The largest difference of any value in pictures, from -1 to 1, of the same codes."""
    seeds = range(COMPARED)
    first, second = (gan.synthesize(gan.sample(seeds=seeds)).clamp(-1, 1) for gan in (one, other))
    return float((first - second).abs().max())


@torch.inference_mode()
def judged(gan: Generator, samples: int) -> dict[str, Any]:
    """Frechet distances to fresh renders in the space of the predictor, and how far the factors spread in pictures.

    `renders` is the distance of other fresh renders, which is what sampling alone gives.
    """
    truth, factors = described(render(part) for part in sample(samples, FRESH).split(256))
    others, _ = described(render(part) for part in sample(samples, OTHERS).split(256))
    seeds = range(samples)
    drawn, found = described(
        gan.synthesize(gan.sample(seeds=seeds[start : start + 256])) for start in range(0, samples, 256)
    )
    spread = found.std(dim=0) / factors.std(dim=0)  # (12,)
    return {
        "frechet": {
            "space": "portraits",
            "samples": samples,
            "generator": round(distance(truth, drawn), 4),
            "renders": round(distance(truth, others), 4),
        },
        "spread": {name: round(float(part), 3) for name, part in zip(NAMES, spread, strict=True)},
    }


def described(batches: Iterable[torch.Tensor]) -> tuple[Covariance, torch.Tensor]:
    """Mean and covariance of the features of pictures `(n, 3, h, w)`, and their factors `(n, 12)`."""
    from sefa_portraits.predictor import load as load_predictor

    predictor = load_predictor()
    total: Covariance | None = None
    factors = []
    for pictures in batches:
        features = predictor.features(pictures.clamp(-1, 1)).numpy()  # (n, 128)
        total = total or Covariance(features.shape[1])
        total.add(features)
        factors.append(predictor.predict(pictures.clamp(-1, 1)))
    if total is None:
        raise ValueError("no pictures")
    return total, torch.cat(factors)


def curve(log: Path) -> list[dict[str, float]]:
    """The losses of a run in at most `CURVE` points, each the mean of its part of the log."""
    if not log.exists():
        return []
    entries: dict[int, dict[str, float]] = {}
    for line in log.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        entries[entry["pictures"]] = entry  # what was done again after an interruption counts once
    parts = np.array_split(sorted(entries), min(CURVE, len(entries)))
    return [
        {
            "pictures": int(part[-1]),
            **{key: round(float(np.mean([entries[at][key] for at in part])), 3) for key in ("d", "g", "real", "fake")},
        }
        for part in parts
    ]


def as_text(record: dict[str, Any]) -> str:
    """JSON for people too: an entry a line, and a point of the curve a line."""
    lines = [f'  "{name}": {json.dumps(value)}' for name, value in record.items() if name != "curve"]
    points = ",\n".join(f"    {json.dumps(point)}" for point in record["curve"])
    lines.append(f'  "curve": [\n{points}\n  ]')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def this_machine() -> str:
    """Kind and number of processors, or the name of the GPU."""
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} {platform.machine()} cores"


if __name__ == "__main__":
    main()
