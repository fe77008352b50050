"""A family of two layers and two rows that keeps the contract, unless it is told to break one clause of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import save_file

from sefa_core.checkpoint import Checkpoint
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Codes, Declined, LatentSpace, Layer, Stage, Synthesizer, WeightExtractor

GAIN = 0.5
NAMES = {"style.0", "style.1", "canvas"}


def write_toy(path: Path) -> Path:
    state = np.random.RandomState(0)
    shapes = {"style.0": (5, 6), "style.1": (4, 6), "canvas": (9, 3 * 8 * 8)}
    save_file({name: state.randn(*shape).astype(np.float32) for name, shape in shapes.items()}, path)
    return path


class ToyNetwork(Synthesizer):
    def __init__(self, checkpoint: Checkpoint, device: str, fault: str) -> None:
        self._t = {name: torch.from_numpy(checkpoint.tensors.read(name)).to(device) for name in NAMES}
        self._fault, self._device, self._calls = fault, device, 0
        if fault == "range":
            self.value_range = (1.0, -1.0)

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return z[:, None].repeat(1, 2, 1)  # (n, 2, 6)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        row = 1 - index if self._fault == "rows swapped" else index
        x = codes.rows[:, row]
        if self._fault == "rows mixed":
            x = x + 0.1 * codes.rows[:, 1 - index]
        gain = 1.0 if self._fault == "gain" else GAIN
        return gain * x @ self._t[f"style.{index}"].T

    def synthesize(self, codes: Codes) -> torch.Tensor:
        self._calls += 1
        if self._fault == "defaults":
            codes = replace(codes, rows=codes.rows * torch.ones(6, device=self._device))
        if self._fault == "gradients":
            codes = replace(codes, rows=codes.rows.detach())
        styles = [self.layer_output(index, codes) for index in (0, 1)]
        if self._fault == "deaf row":
            styles[1] = styles[1] * 0
        x = torch.cat(styles, dim=1) @ self._t["canvas"]  # (n, 3 * 8 * 8)
        if self._fault == "batch":
            x = x - x.mean(dim=0)
        if self._fault == "moody":
            x = x + self._calls
        if self._fault == "nan":
            x = x / 0
        side = 4 if self._fault == "size" else 8
        return x.reshape(len(codes), 3, 8, 8)[:, :, :side]

    @property
    def stages(self) -> tuple[Stage, ...]:
        second = frozenset({1}) if self._fault != "undeclared" else frozenset[int]()
        return (Stage(frozenset({0})), Stage(second, 16 if self._fault == "inner side" else 8))

    def advance(self, state: tuple[torch.Tensor, ...], codes: Codes, start: int, stop: int) -> tuple[torch.Tensor, ...]:
        if start == 0:
            read = codes.rows[:, :2].sum(dim=1) if self._fault == "early" else codes.rows[:, 0]
            state = (GAIN * read @ self._t["style.0"].T,)  # (n, 5)
        if stop == 1:
            return state
        if self._fault == "overwrites":
            state[0].mul_(2)
        second = self.layer_output(1, codes) * (2 if self._fault == "other path" else 1)  # (n, 4)
        x = torch.cat([state[0], second], dim=1) @ self._t["canvas"]  # (n, 3 * 8 * 8)
        return (x.reshape(len(codes), 3, 8, 8),)


class Toy:
    def __init__(self, fault: str = "") -> None:
        self._fault = fault

    @hookimpl
    def sefa_weight_extractor(self, checkpoint: Checkpoint) -> WeightExtractor | Declined:
        if set(checkpoint.tensors) != NAMES and self._fault != "greedy":
            return Declined("it is no toy")
        layers = tuple(Layer(i, f"style.{i}", out, 6, resolution=8) for i, out in enumerate((5, 4)))

        def matrix(layer: Layer) -> np.ndarray:
            stored = checkpoint.tensors.read(layer.name)
            return stored.astype(np.float64) if self._fault == "double" else stored

        state = checkpoint.tensors
        if self._fault == "conversion":
            state = state.renamed({f"net.{name}": name for name in NAMES})
        extractor = WeightExtractor("toy", "toy", "", 8, layers, matrix, state, gain=GAIN)
        if self._fault == "groups":
            return replace(extractor, groups={"last": (7,)})
        return replace(extractor, config={"sizes": {8}}) if self._fault == "config" else extractor

    @hookimpl
    def sefa_latent_space(self, checkpoint: Checkpoint) -> LatentSpace:
        return LatentSpace("w", 6, 2, 6, (0, 1))

    @hookimpl
    def sefa_synthesizer(self, checkpoint: Checkpoint, device: str) -> Synthesizer:
        return ToyNetwork(checkpoint, device, self._fault)
