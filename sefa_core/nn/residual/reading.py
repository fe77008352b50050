"""What do the hooks of a family answer about a residual generator? Its layers, their matrices, and its latent space."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import numpy as np

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.classes import usual_names
from sefa_core.errors import SefaError
from sefa_core.interfaces import LatentSpace, Layer, WeightExtractor
from sefa_core.nn.residual.plan import Checks, Plan, Settings, planned

OWN = "sefa"
"""The dialect of files that `sefa convert` wrote."""


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names."""

    dialect: str
    network: str
    state: StateDict
    names: dict[str, str]
    """Our name of each tensor to the file's."""
    plan: Plan
    notes: tuple[str, ...] = ()
    options: frozenset[str] = frozenset()
    """Which fields of `LoadOptions` would change the plan."""


def networks(checkpoint: Checkpoint) -> Iterator[tuple[str, StateDict]]:
    """The networks of a file, best first, without the prefix that parallel training adds."""
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        parallel = state.under("module.")
        yield network, parallel if len(parallel) == len(state) else state


def converted(checkpoint: Checkpoint, family: str) -> Model | None:
    """The generator that `sefa convert` wrote for `family`, None if this is no such file."""
    if checkpoint.metadata.get("format") != "sefa" or checkpoint.metadata.get("family") != family:
        return None
    where = f"{checkpoint.path.name}: converted {family}"
    try:
        settings = Settings.from_json(json.loads(checkpoint.metadata.get("config", "")))
    except (ValueError, RecursionError):
        raise SefaError(f"{where}: its header's 'config' is damaged; convert the original again") from None
    names = {name: name for name in checkpoint.tensors}
    plan = planned(Checks(where, checkpoint.tensors, names), settings)
    return Model(OWN, "", checkpoint.tensors, names, plan)


def extractor(model: Model, family: str) -> WeightExtractor:
    """The closed-form layers: the dense one, then each block with all its norms where z steers the blocks."""
    plan = model.plan

    def matrix(layer: Layer) -> np.ndarray:
        parts = ["dense.weight"] if layer.index == 0 else list(plan.norms(layer.index - 1))
        skip = plan.embed if layer.index or plan.dense_sees_class else 0
        whole = np.zeros((layer.out, plan.z_dim), np.float32)  # (out, z)
        read = [model.state.read(part)[:, skip:] for part in parts]  # each (C, chunk)
        whole[:, plan.columns(layer.index)] = np.concatenate(read)
        return whole

    layers = [Layer(0, _place(model, "dense."), model.state.shape("dense.weight")[0], plan.z_dim, plan.side, "dense")]
    for i in range(plan.num_layers - 1):
        out = sum(model.state.shape(part)[0] for part in plan.norms(i))
        layers.append(Layer(i + 1, _place(model, f"block.{i}."), out, plan.z_dim, plan.sides[i + 1]))
    return WeightExtractor(
        family=family,
        dialect=model.dialect,
        network=model.network,
        resolution=plan.resolution,
        layers=tuple(layers),
        matrix=matrix,
        state=model.state,
        config=plan.settings.to_json(),
        channels=plan.channels,
        options=model.options,
        notes=model.notes,
    )


def latent_space(model: Model, *, bound: float | None = None, truncation: float = 1.0) -> LatentSpace:
    """z, copied to one row for each closed-form layer, so that every layer can be moved alone."""
    plan = model.plan
    return LatentSpace(
        "z",
        plan.z_dim,
        plan.num_layers,
        plan.z_dim,
        tuple(range(plan.num_layers)),
        std=1.0,
        bound=bound,
        num_classes=plan.num_classes,
        class_names=usual_names(plan.num_classes),
        truncation=truncation,
    )


def _place(model: Model, stem: str) -> str:
    """What the file calls a part: what the names of its tensors have in common."""
    theirs = [name.split(".") for ours, name in model.names.items() if ours.startswith(stem)]
    common = takewhile(lambda parts: len(set(parts)) == 1, zip(*theirs, strict=False))
    return ".".join(parts[0] for parts in common)
