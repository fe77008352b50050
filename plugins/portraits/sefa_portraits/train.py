"""Train the generator of portraits: `python -m sefa_portraits.train --out RUN`.

Interrupt it at will; the same command goes on from there. `RUN/state.pt` is where the training stands, `RUN/log.jsonl`
what happened, `RUN/sheets/` what the averaged generator draws, and `RUN/generator.safetensors` that generator, for
`sefa discover`.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import click
import torch
from sefa_stylegan2.synthesis import StyleGAN2

from sefa_core.checkpoint.writer import write_safetensors
from sefa_core.files import whole_file
from sefa_core.interfaces import Codes
from sefa_portraits.networks import Shape, Tensors
from sefa_portraits.sheets import save_sheet
from sefa_portraits.training import Recipe, Training

SHOWN = 60
"""Pictures on a sheet."""


@click.command(context_settings={"show_default": True})
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder of the run; made, or gone on with.")
@click.option("--pictures", default=2_000_000, help="Rendered pictures to train on.")
@click.option("--size", type=click.Choice(["32", "64", "128"]), default="64", help="Side of the pictures.")
@click.option("--batch", default=Recipe.batch, help="Pictures in one step.")
@click.option("--seed", default=0, help="Of everything that is drawn.")
@click.option("--rate", default=Recipe.rate, help="Learning rate.")
@click.option("--r1", default=Recipe.r1, help="Weight of R1.")
@click.option("--dtype", type=click.Choice(["bfloat16", "float32"]), default="bfloat16", help="Of the convolutions.")
@click.option("--device", default=None, help="cpu or cuda; the GPU by default if there is one.")
@click.option("--save-every", default=600.0, help="Seconds between two states on disk.")
def main(
    out: Path,
    pictures: int,
    size: str,
    batch: int,
    seed: int,
    rate: float,
    r1: float,
    dtype: str,
    device: str | None,
    save_every: float,
) -> None:
    """Train a StyleGAN2 on rendered portraits."""
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    recipe = Recipe(Shape(int(size)), seed=seed, batch=batch, rate=rate, r1=r1, dtype=dtype)
    training = Training(recipe, device)
    before = _resume(training, out)
    started = saved = time.monotonic()
    first = training.pictures
    while training.pictures < pictures:
        told = training.advance()
        now = time.monotonic()
        last = training.pictures >= pictures
        if training.step % 100 == 0 or last:
            speed = (training.pictures - first) / (now - started)
            _log(out, {"pictures": training.pictures, "speed": round(speed, 1), **_rounded(told)})
        if now - saved > save_every or last:
            _save(training, out, before + now - started)
            saved = now


def _resume(training: Training, out: Path) -> float:
    """Put `training` where the run in `out` stands; returns the seconds that it took so far."""
    out.mkdir(parents=True, exist_ok=True)
    if not (out / "state.pt").exists():
        return 0.0
    state: dict[str, Any] = torch.load(out / "state.pt", map_location=training.device, weights_only=True)
    training.restore(state)
    seconds: float = state["seconds"]
    click.echo(f"going on from {training.pictures} pictures", err=True)
    return seconds


def _save(training: Training, out: Path, seconds: float) -> None:
    with whole_file(out / "state.pt") as temporary, temporary.open("wb") as file:
        torch.save(training.state() | {"seconds": seconds}, file)
    record = {"pictures": training.pictures, "seconds": round(seconds), "recipe": training.recipe.to_json()}
    export(training.averaged, out / "generator.safetensors", record)
    with torch.no_grad():
        z = torch.randn(SHOWN, training.recipe.shape.z_dim, generator=torch.Generator().manual_seed(1))
        averaged = StyleGAN2(training.recipe.shape.plan, training.averaged)
        rows = averaged.encode(z.to(training.device), None)
        sheet = averaged.synthesize(Codes(rows)).cpu()
    save_sheet(sheet, out / "sheets" / f"{training.pictures:08d}.png", columns=12)


def export(tensors: Tensors, path: Path, record: dict[str, object], *, dtype: str = "float32") -> None:
    """Write a generator as `sefa convert` would, with the record of its run in the header."""
    arrays = {name: tensor.detach().cpu().contiguous().numpy().astype(dtype) for name, tensor in tensors.items()}
    header = {
        "format": "sefa",
        "format_version": "1",
        "family": "stylegan2",
        "dialect": "sefa",
        "config": json.dumps(Recipe().shape.plan.settings.config, sort_keys=True),
        "licence": "MIT",
        "training": json.dumps(record, sort_keys=True),
    }
    write_safetensors(path, {name: (a.dtype.name, a.shape) for name, a in arrays.items()}, arrays.__getitem__, header)


def _log(out: Path, entry: dict[str, object]) -> None:
    with (out / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(entry) + "\n")


def _rounded(told: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in told.items()}


if __name__ == "__main__":
    main()
