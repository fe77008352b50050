"""How does one step of the training go? Non-saturating logistic losses with lazy R1 and path length regularisation.

Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020, sections 3.1, 3.2 and appendix B;
R1 is from Mescheder et al., ICML 2018. Whatever is random in a step follows from its number and the seed alone, so a
training that is interrupted goes on as if it had not been.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field

import torch
import torch.nn.functional as F
from sefa_stylegan2.synthesis import StyleGAN2

from sefa_core.interfaces import Codes
from sefa_portraits.factors import folded, sample
from sefa_portraits.networks import Discriminator, Shape, Tensors, generator_tensors
from sefa_portraits.renderer import render

BETAS = (0.0, 0.99)
R1_EVERY, PATH_EVERY = 16, 8
"""Regularisation in every so many steps (lazy regularisation)."""
MEAN_KEPT = 0.998
"""How much of the mean latent and of the mean path length stays from one step to the next."""


@dataclass(frozen=True)
class Recipe:
    """Everything that a training depends on."""

    shape: Shape = field(default_factory=Shape)
    seed: int = 0
    batch: int = 32
    rate: float = 0.002
    """Learning rate of Adam, for both networks."""
    r1: float = 0.5
    path_weight: float = 2.0
    mixing: float = 0.9
    """How often two codes share a picture (style mixing)."""
    half_life: int = 10_000
    """Pictures after which half of the averaged generator is new."""
    dtype: str = "bfloat16"
    """In which convolutions run; losses, regularisation and parameters are float32."""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


class Training:
    """Both networks, the averaged generator, and the optimisers."""

    def __init__(self, recipe: Recipe, device: str) -> None:
        self.recipe, self.device = recipe, device
        self.step = 0
        fresh = generator_tensors(recipe.shape, recipe.seed)
        self.tensors = {name: tensor.to(device).requires_grad_() for name, tensor in fresh.items()}
        self.averaged = {name: tensor.detach().clone() for name, tensor in self.tensors.items()}
        self.averaged["mean"] = torch.zeros(recipe.shape.w_dim, device=device)
        self.generator = StyleGAN2(recipe.shape.plan, self.tensors)
        self.discriminator = Discriminator(recipe.shape, recipe.seed).to(device)
        self.path_length = torch.zeros((), device=device)
        self.generator_steps = _adam(list(self.tensors.values()), recipe.rate, PATH_EVERY)
        self.discriminator_steps = _adam(list(self.discriminator.parameters()), recipe.rate, R1_EVERY)

    @property
    def pictures(self) -> int:
        """Rendered pictures that the discriminator has seen."""
        return self.step * self.recipe.batch

    def advance(self) -> dict[str, float]:
        """One step of both networks; returns what happened, for the log."""
        torch.manual_seed(folded((self.recipe.seed << 32) + self.step))
        told = self._train_discriminator()
        told |= self._train_generator()
        self._average()
        self.step += 1
        return told

    def _train_discriminator(self) -> dict[str, float]:
        recipe = self.recipe
        real = self._rendered()
        with torch.no_grad(), self._fast():
            fake = self.generator.synthesize(self._codes(recipe.batch))
        with self._fast():
            scores_real, scores_fake = self.discriminator(real), self.discriminator(fake.float())
        loss = F.softplus(scores_fake.float()).mean() + F.softplus(-scores_real.float()).mean()
        self.discriminator_steps.zero_grad(set_to_none=True)
        loss.backward()
        told = {"d": loss.item(), "real": scores_real.float().mean().item(), "fake": scores_fake.float().mean().item()}
        if self.step % R1_EVERY == 0:
            some = real[: recipe.batch // 2].requires_grad_()
            (slope,) = torch.autograd.grad(self.discriminator(some).sum(), some, create_graph=True)
            penalty = slope.square().sum(dim=(1, 2, 3)).mean()
            (penalty * (recipe.r1 / 2 * R1_EVERY)).backward()
            told["r1"] = penalty.item()
        self.discriminator_steps.step()
        return told

    def _train_generator(self) -> dict[str, float]:
        recipe = self.recipe
        with self._fast():
            scores = self.discriminator(self.generator.synthesize(self._codes(recipe.batch)))
        loss = F.softplus(-scores.float()).mean()
        self.generator_steps.zero_grad(set_to_none=True)
        loss.backward()
        told = {"g": loss.item()}
        if self.step % PATH_EVERY == 0:
            penalty = self._path_penalty(recipe.batch // 4)
            (penalty * (recipe.path_weight * PATH_EVERY)).backward()
            told["path"] = self.path_length.item()
        self.generator_steps.step()
        return told

    def _path_penalty(self, count: int) -> torch.Tensor:
        """How far steps in w change the picture by other lengths than the usual one (appendix B of the paper)."""
        codes = self._codes(count)
        pictures = self.generator.synthesize(codes)
        noise = torch.randn_like(pictures) / math.sqrt(pictures[0, 0].numel())
        (slope,) = torch.autograd.grad((pictures * noise).sum(), codes.rows, create_graph=True)
        lengths = slope.square().sum(dim=2).mean(dim=1).sqrt()  # (n, rows, w) -> (n,)
        self.path_length = self.path_length.lerp(lengths.detach().mean(), 0.01)
        return (lengths - self.path_length).square().mean()

    def _codes(self, count: int) -> Codes:
        """Fresh rows `(n, rows, w)`; most take their later rows from a second code (style mixing)."""
        z = torch.randn(2 * count, self.recipe.shape.z_dim, device=self.device)
        rows = self.generator.encode(z, None)
        first, second = rows[:count], rows[count:]  # (n, rows, w)
        with torch.no_grad():
            self.averaged["mean"].lerp_(first[:, 0].float().mean(dim=0), 1 - MEAN_KEPT)
        num_rows = rows.shape[1]
        cut = torch.randint(1, num_rows, (count, 1, 1), device=self.device)
        cut = torch.where(torch.rand(count, 1, 1, device=self.device) < self.recipe.mixing, cut, num_rows)
        early = torch.arange(num_rows, device=self.device)[None, :, None] < cut
        return Codes(torch.where(early, first, second))

    def _rendered(self) -> torch.Tensor:
        """A batch of portraits `(n, 3, size, size)`."""
        factors = sample(self.recipe.batch, (self.recipe.seed << 32) + self.step)
        return render(factors.to(self.device), self.recipe.shape.size)

    def _average(self) -> None:
        seen = max(self.pictures, 1)
        half_life = min(self.recipe.half_life, seen * 0.05 + 1)  # short at first, when there is little worth keeping
        kept = 0.5 ** (self.recipe.batch / half_life)
        with torch.no_grad():
            for name, tensor in self.tensors.items():
                self.averaged[name].lerp_(tensor, 1 - kept)

    @contextmanager
    def _fast(self) -> Iterator[None]:
        dtype = getattr(torch, self.recipe.dtype)
        with torch.autocast(torch.device(self.device).type, dtype, enabled=dtype != torch.float32):
            yield

    def state(self) -> dict[str, object]:
        """All that `restore` needs, as tensors and plain values."""
        return {
            "step": self.step,
            "generator": {name: tensor.detach() for name, tensor in self.tensors.items()},
            "averaged": self.averaged,
            "discriminator": self.discriminator.state_dict(),
            "generator_steps": self.generator_steps.state_dict(),
            "discriminator_steps": self.discriminator_steps.state_dict(),
            "path_length": self.path_length,
        }

    def restore(self, state: dict[str, object]) -> None:
        """Go on from what `state` returned; raises `ValueError` when it is of networks of other sizes."""
        _copy(self.tensors, state["generator"])
        _copy(self.averaged, state["averaged"])
        self.discriminator.load_state_dict(state["discriminator"])  # type: ignore[arg-type]
        self.generator_steps.load_state_dict(state["generator_steps"])  # type: ignore[arg-type]
        self.discriminator_steps.load_state_dict(state["discriminator_steps"])  # type: ignore[arg-type]
        self.path_length = state["path_length"].to(self.device)  # type: ignore[attr-defined]
        self.step = state["step"]  # type: ignore[assignment]


def _adam(parameters: list[torch.Tensor], rate: float, every: int) -> torch.optim.Adam:
    """Adam, its rate and memory shortened by the regularisation in every so many steps (appendix B of the paper)."""
    part = every / (every + 1)
    return torch.optim.Adam(parameters, lr=rate * part, betas=(BETAS[0] ** part, BETAS[1] ** part))


def _copy(into: Tensors, source: object) -> None:
    if not isinstance(source, dict) or source.keys() != into.keys():
        raise ValueError("the saved networks have other tensors than those to be trained")
    with torch.no_grad():
        for name, tensor in into.items():
            if source[name].shape != tensor.shape:
                raise ValueError(f"the saved tensor {name} has shape {tuple(source[name].shape)}")
            tensor.copy_(source[name])
