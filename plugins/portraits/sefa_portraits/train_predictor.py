"""Train the predictor of the factors: `python -m sefa_portraits.train_predictor --out predictor.safetensors`.

It sees renders alone, some of them blurred or noisy, so that it does not lean on how sharp a picture is.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import click
import torch
import torch.nn.functional as F

from sefa_core.checkpoint.writer import write_safetensors
from sefa_portraits.factors import NAMES, sample
from sefa_portraits.predictor import BINARY, Predictor
from sefa_portraits.renderer import render

HELD_OUT_SEED = 1 << 40
HELD_OUT = 4096
CONTINUOUS = [number for number in range(len(NAMES)) if number not in BINARY]


@click.command(context_settings={"show_default": True})
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The safetensors file to write.")
@click.option("--steps", default=6000, help="Batches.")
@click.option("--batch", default=64, help="Pictures in one step.")
@click.option("--rate", default=2e-3, help="Learning rate at its highest.")
@click.option("--seed", default=0, help="Of everything that is drawn.")
@click.option("--device", default="cpu", help="cpu or cuda.")
def main(out: Path, steps: int, batch: int, rate: float, seed: int, device: str) -> None:
    """Train a predictor on renders, and write it with its scores on held-out renders."""
    torch.manual_seed(seed)
    predictor = Predictor().to(device)
    optimiser = torch.optim.AdamW(predictor.parameters(), lr=rate, weight_decay=1e-4)
    plan = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: _rate(step, steps))
    for step in range(steps):
        factors = sample(batch, (seed << 32) + step).to(device)
        loss = loss_of(predictor(worn(render(factors))), factors)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        plan.step()
        if step % 500 == 499:
            click.echo(f"{step + 1} of {steps}: loss {loss.item():.5f}", err=True)
    scores = held_out(predictor, device)
    click.echo(json.dumps(scores, indent=2))
    arrays = {name: t.detach().cpu().numpy().astype("float16") for name, t in predictor.state_dict().items()}
    header = {
        "format": "sefa-predictor",
        "held_out": json.dumps(scores, sort_keys=True),
        "pictures": str(steps * batch),
    }
    write_safetensors(out, {name: (a.dtype.name, a.shape) for name, a in arrays.items()}, arrays.__getitem__, header)


def _rate(step: int, steps: int) -> float:
    """Up in the first twentieth, then down along half a cosine."""
    return min(step / (steps / 20), 0.5 + 0.5 * math.cos(math.pi * step / steps))


def loss_of(got: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Squared error of continuous factors in units of their variance, 1/12, and cross entropy of binary ones."""
    squared = F.mse_loss(got[:, CONTINUOUS], factors[:, CONTINUOUS]) * 12
    return squared + 0.1 * F.binary_cross_entropy_with_logits(got[:, BINARY], factors[:, BINARY])


def worn(pictures: torch.Tensor) -> torch.Tensor:
    """A third of the pictures blurred, and noise on all of them, of another strength on each."""
    blurred = F.avg_pool2d(F.pad(pictures, (1, 1, 1, 1), mode="replicate"), 3, stride=1)  # (n, 3, h, w)
    some = (torch.rand(len(pictures), 1, 1, 1, device=pictures.device) < 0.33).float()
    noise = torch.randn_like(pictures) * (0.06 * torch.rand(len(pictures), 1, 1, 1, device=pictures.device))
    return pictures.lerp(blurred, some * torch.rand_like(some)) + noise


@torch.inference_mode()
def held_out(predictor: Predictor, device: str) -> dict[str, float]:
    """R2 of each continuous factor, and the accuracy of binary ones, on renders that training never saw."""
    factors = sample(HELD_OUT, HELD_OUT_SEED)
    got = torch.cat([predictor.predict(render(part.to(device))).cpu() for part in factors.split(256)])  # (n, 12)
    scores = {}
    for number, name in enumerate(NAMES):
        truth, guess = factors[:, number], got[:, number]
        if number in BINARY:
            scores[name] = float(((guess > 0.5) == (truth > 0.5)).float().mean())
        else:
            scores[name] = float(1 - (guess - truth).square().mean() / truth.var(unbiased=False))
    return {name: round(score, 4) for name, score in scores.items()}


if __name__ == "__main__":
    main()
