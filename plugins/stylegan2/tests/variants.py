"""Tiny StyleGAN2 weights of any shape, and the names under which each program would store them."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from plugins.stylegan2.tests.reference import Options, Weights


@dataclass(frozen=True)
class Shape:
    """Which network to make up."""

    architecture: str = "skip"
    size: int = 16
    channels: int = 3
    z: int = 10
    w: int = 10
    hidden: int | None = None
    """Width between mapping layers."""
    depth: int = 3
    classes: int = 0
    embedding: int = 6
    widths: tuple[int, ...] = (9, 8, 6, 5, 4)
    """Channels at 4, 8, 16, ... px."""
    taps: tuple[float, ...] = (1.0, 3.0, 3.0, 1.0)


def weights(shape: Shape, *, lr_multiplier: float = 0.01, label_bias: bool = False, seed: int = 0) -> Weights:
    """Random arrays; styles' biases include the 1, kernels lie as a transposed convolution takes them."""
    state = np.random.RandomState(seed)

    def normal(*size: int, spread: float = 1.0, middle: float = 0.0) -> np.ndarray:
        return np.asarray(middle + spread * state.randn(*size), np.float32)

    made: Weights = {}
    width = shape.z + (shape.embedding if shape.classes else 0)
    if shape.classes:
        made["label.weight"] = normal(shape.classes, shape.embedding)
        if label_bias:
            made["label.bias"] = normal(shape.embedding, spread=0.3)
    for i in range(shape.depth):
        out = shape.w if i == shape.depth - 1 else shape.hidden or shape.w
        made[f"mapping.{i}.weight"] = normal(out, width, spread=1 / lr_multiplier)
        made[f"mapping.{i}.bias"] = normal(out, spread=0.1 / lr_multiplier)
        width = out
    made["mean"] = normal(shape.w, spread=0.3)
    arriving = shape.widths[0]
    made["const"] = normal(arriving, 4, 4)
    last = shape.size.bit_length() - 3
    for i in range(2 * last + 1):
        j = (i + 1) // 2
        out = shape.widths[j]
        made[f"conv.{i}.weight"] = normal(out, arriving, 3, 3)
        made[f"conv.{i}.bias"] = normal(out, spread=0.2)
        made[f"conv.{i}.style.weight"] = normal(arriving, shape.w)
        made[f"conv.{i}.style.bias"] = normal(arriving, spread=0.2, middle=1.0)
        made[f"conv.{i}.noise"] = normal(4 << j, 4 << j)
        made[f"conv.{i}.noise_strength"] = normal(spread=0.3)
        arriving = out
    for j in range(last + 1) if shape.architecture == "skip" else [last]:
        made[f"rgb.{j}.weight"] = normal(shape.channels, shape.widths[j], 1, 1)
        made[f"rgb.{j}.bias"] = normal(shape.channels, spread=0.2)
        made[f"rgb.{j}.style.weight"] = normal(shape.widths[j], shape.w)
        made[f"rgb.{j}.style.bias"] = normal(shape.widths[j], spread=0.2, middle=1.0)
    if shape.architecture == "resnet":
        for j in range(1, last + 1):
            made[f"residual.{j}.weight"] = normal(shape.widths[j], shape.widths[j - 1], 1, 1)
    made["taps"] = np.array(shape.taps, np.float32)
    return made


State = dict[str, torch.Tensor]


def as_torch(arrays: dict[str, np.ndarray]) -> State:
    return OrderedDict((name, torch.from_numpy(np.array(array))) for name, array in arrays.items())


def square(taps: np.ndarray, gain: float) -> np.ndarray:
    return (np.outer(taps, taps) / taps.sum() ** 2 * gain).astype(np.float32)


def parts(made: Weights) -> list[tuple[str, str, int, str]]:
    """(our name, kind, number, rest of the name) of everything that belongs to a numbered layer."""
    split = [(name, name.split(".", 2)) for name in made if name.startswith(("conv.", "rgb.", "residual.", "mapping."))]
    return [(name, kind, int(number), rest) for name, (kind, number, rest) in split]


def rosinality(made: Weights) -> State:
    """The state dict of the generator; the mean latent lies beside it."""
    words = {
        "weight": "conv.weight",
        "style.weight": "conv.modulation.weight",
        "style.bias": "conv.modulation.bias",
        "noise_strength": "noise.weight",
    }
    named: dict[str, np.ndarray] = {"input.input": made["const"][None]}
    for name, kind, i, rest in parts(made):
        if kind == "mapping":
            named[f"style.{i + 1}.{rest}"] = made[name]
        elif kind == "rgb":
            stem = f"to_rgbs.{i - 1}" if i else "to_rgb1"
            array = made[name][None] if rest == "weight" else made[name]
            named[f"{stem}.{words.get(rest, rest)}"] = array[None, :, None, None] if rest == "bias" else array
            if i:
                named[f"{stem}.upsample.kernel"] = square(made["taps"], 4)
        elif rest == "noise":
            named[f"noises.noise_{i}"] = made[name][None, None]
        elif kind == "conv":
            stem = f"convs.{i - 1}" if i else "conv1"
            array = made[name][None] if rest == "weight" else made[name]
            named[f"{stem}.{words.get(rest, 'activate.bias')}"] = (
                array.reshape(1) if rest == "noise_strength" else array
            )
            if i % 2:
                named[f"{stem}.conv.blur.kernel"] = square(made["taps"], 4)
    return as_torch(named)


def mmgeneration(made: Weights) -> State:
    """`rosinality` in that program's words."""
    named: State = OrderedDict()
    for name, value in rosinality(made).items():
        for old, new in (
            ("input.input", "constant_input.input"),
            ("noises.noise_", "injected_noise_"),
            ("noise.weight", "noise_injector.weight"),
            ("modulation.weight", "style_modulation.linear.weight_orig"),
            ("modulation.bias", "style_modulation.bias"),
            ("conv.weight", "conv.weight_orig"),
        ):
            if name.endswith(old) or name.startswith(old):
                name = name.replace(old, new)
                break
        if name.startswith("style."):
            name = name.replace("style.", "style_mapping.").replace(".weight", ".linear.weight_orig")
        named[name] = value
    return named


def genforce(made: Weights) -> State:
    """Kernels of growing convolutions turned by half a turn, no 1 in the biases of styles."""
    named: dict[str, np.ndarray] = {
        "truncation.w_avg": made["mean"],
        "synthesis.early_layer.const": made["const"][None],
        "synthesis.lod": np.float32(0),
        "synthesis.upsample.kernel": square(made["taps"], 4)[None, None],
    }
    if "label.weight" in made:
        named["mapping.label_weight"] = made["label.weight"]
    for name, kind, i, rest in parts(made):
        array = made[name]
        if rest == "style.bias":
            array = array - 1
        if kind == "mapping":
            named[f"mapping.dense{i}.{rest}"] = array
        elif kind == "rgb":
            named[f"synthesis.output{i}.{rest}"] = array
        else:
            if rest == "weight" and i % 2:
                array = array[:, :, ::-1, ::-1]
                named[f"synthesis.layer{i}.filter.kernel"] = square(made["taps"], 4)[None, None]
            named[f"synthesis.layer{i}.{rest}"] = array[None, None] if rest == "noise" else array
    return as_torch(named)


def ada(made: Weights) -> State:
    """stylegan2-ada-pytorch and the StyleGAN2 of stylegan3."""
    kernel = square(made["taps"], 1)
    named: dict[str, np.ndarray] = {"synthesis.b4.const": made["const"], "mapping.w_avg": made["mean"]}
    if "label.weight" in made:
        named["mapping.embed.weight"], named["mapping.embed.bias"] = made["label.weight"].T, made["label.bias"]
    words = {"noise": "noise_const", "style.weight": "affine.weight", "style.bias": "affine.bias"}
    for name, kind, i, rest in parts(made):
        rest = words.get(rest, rest)
        if kind == "mapping":
            named[f"mapping.fc{i}.{rest}"] = made[name]
        elif kind == "conv":
            stem = f"synthesis.b{4 << ((i + 1) // 2)}.conv{int(i % 2 == 0)}"
            named[f"{stem}.{rest}"] = made[name]
            named[f"{stem}.resample_filter"] = kernel
        else:
            named[f"synthesis.b{4 << i}.{'torgb' if kind == 'rgb' else 'skip'}.{rest}"] = made[name]
        if kind == "rgb" or kind == "residual":
            named[f"synthesis.b{4 << i}.resample_filter"] = kernel
    return as_torch(named)


PROGRAMS = {"rosinality": rosinality, "mmgeneration": mmgeneration, "genforce": genforce, "ada": ada}
OPTIONS = {
    "rosinality": Options(),
    "mmgeneration": Options(outside=True),
    "genforce": Options(),
    "ada": Options(joint=False, label_gain=True, stored_energy=True),
}


def wrapped(program: str, made: Weights) -> object:
    """What that program's training script would save around the state dict."""
    state = PROGRAMS[program](made)
    mean = torch.from_numpy(made["mean"])
    if program == "rosinality":
        return {"g_ema": state, "latent_avg": mean}
    if program == "genforce":
        return {"generator_smooth": state}
    if program == "mmgeneration":
        prefixed = OrderedDict((f"generator_ema.{name}", value) for name, value in state.items())
        return {"meta": {"mmgen_version": "0.7.2"}, "state_dict": prefixed}
    return state


def write(path: Path, program: str, made: Weights) -> Path:
    torch.save(wrapped(program, made), path)
    return path
