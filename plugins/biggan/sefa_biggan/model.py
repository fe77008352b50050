"""Is there a BigGAN generator in this checkpoint, and what do its shapes not tell?"""

from __future__ import annotations

import re

import numpy as np

from sefa_biggan.dialects import BIGGAN_PYTORCH, HUGGINGFACE, PICTURE, channels_first, class_first
from sefa_biggan.settings import HUGGINGFACE_EPS, LAST_EPS, count, doubles_of_huggingface, number, only_relu
from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import TRANSPOSED, Reading, renamed
from sefa_core.nn.residual.doubling import doubling
from sefa_core.nn.residual.plan import Checks, Settings, no_strangers, planned
from sefa_core.nn.residual.reading import Model, converted, networks
from sefa_core.nn.spectral import normalized

FAMILY = "biggan"


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a program; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    own = converted(checkpoint, FAMILY)
    if own is not None:
        return own
    for network, state in networks(checkpoint):
        for dialect, reader in ((HUGGINGFACE, _huggingface), (BIGGAN_PYTORCH, _biggan_pytorch)):
            if dialect.recognises({name.removesuffix("_orig"): None for name in state}):
                where = f"{checkpoint.path.name}: BigGAN ({dialect.name}) in {network or 'the top level'}"
                return reader(checkpoint, network, where, *normalized(state, where))
    return Declined("it has neither Hugging Face's 'generator.gen_z' nor BigGAN-PyTorch's 'linear' and 'output_layer'")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(f"{checkpoint.path.name}: no BigGAN generator ({model.reason}); choose another --family")
    return model


def _huggingface(checkpoint: Checkpoint, network: str, where: str, view: StateDict, names: dict[str, str]) -> Model:
    attentions = {int(m[1]) for name in view if (m := re.match(r"generator\.layers\.(\d{1,4})\.(gamma|snconv)", name))}
    found, unknown = HUGGINGFACE.own_names(view, lambda layer: layer - sum(a < layer for a in attentions))
    no_strangers(where, unknown, len(found))
    if "embedding.weight" not in found:
        raise SefaError(f"{where}: lacks tensor 'embeddings.weight'; the file is incomplete")
    changes: dict[str, Reading] = {"embedding.weight": TRANSPOSED, "rgb.weight": PICTURE, "rgb.bias": PICTURE}
    embed = (view.shape(found["embedding.weight"]) or (0,))[0]
    dense = view.shape(found["dense.weight"]) if "dense.weight" in found else ()
    if len(dense) == 2 and dense[1] != 2 * embed:
        raise SefaError(
            f"{where}: 'embeddings.weight' gives {embed} of {dense[1]} columns of 'generator.gen_z', the others are z; "
            "both are of the same width in this program, the file is damaged"
        )
    for ours in found:
        if re.fullmatch(r"block\..*\.norm\..*\.weight", ours):
            changes[ours] = class_first(embed)
    mean = found.get("block.0.norm.0.mean")
    if mean is not None and view.shape(mean):
        rows = channels_first(view.shape(mean)[-1])
        changes["dense.bias"] = rows
        changes["dense.weight"] = Reading(lambda a: rows.value(np.roll(a, embed, axis=1)))
    state = renamed(view, found, changes)
    checks = Checks(where, state, {ours: names[theirs] for ours, theirs in found.items()}, HUGGINGFACE)
    notes: list[str] = []
    eps = number(checkpoint, "eps", HUGGINGFACE_EPS, notes)
    doubles = doubles_of_huggingface(checkpoint, checks.blocks(), notes)
    plan = planned(checks, Settings(doubles, eps, eps))
    return Model(HUGGINGFACE.name, network, state, dict(checks.names), plan, tuple(notes))


def _biggan_pytorch(checkpoint: Checkpoint, network: str, where: str, view: StateDict, names: dict[str, str]) -> Model:
    found, unknown = BIGGAN_PYTORCH.own_names(view, lambda layer: layer)
    no_strangers(where, unknown, len(found))
    changes: dict[str, Reading] = {}
    first, one_hot = found.get("block.0.norm.0.gain.weight"), 0
    if "embedding.weight" not in found:  # every norm has embeddings (classes, C) of its own
        if any(name.endswith("blocks.0.0.bn1.gain.u0") for name in checkpoint.tensors):  # those are never normalised
            raise SefaError(f"{where}: lacks tensor 'shared.weight'; the file is incomplete")
        one_hot = (view.shape(first) or (0,))[0] if first else 0
        changes = {ours: TRANSPOSED for ours in found if re.fullmatch(r"block\..*\.norm\..*\.weight", ours)}
    state = renamed(view, found, changes)
    checks = Checks(where, state, {ours: names[theirs] for ours, theirs in found.items()}, BIGGAN_PYTORCH)
    notes: list[str] = []
    eps = number(checkpoint, "BN_eps", LAST_EPS, notes)
    only_relu(checkpoint)
    doubles, options = doubling(checks, checkpoint.options, notes, count(checkpoint, "G_depth"))
    plan = planned(checks, Settings(doubles, eps, LAST_EPS, one_hot=one_hot))
    return Model(BIGGAN_PYTORCH.name, network, state, dict(checks.names), plan, tuple(notes), options)
