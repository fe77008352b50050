"""Is there a generator of the SNGAN kind in this checkpoint, and what do its shapes not tell?"""

from __future__ import annotations

import re

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_core.naming import renamed
from sefa_core.nn.residual.doubling import doubling
from sefa_core.nn.residual.plan import Checks, Settings, no_strangers, planned
from sefa_core.nn.residual.reading import Model, converted, networks
from sefa_core.nn.spectral import normalized
from sefa_sngan.dialects import BIAS_OF_CLASS, GAIN_OF_CLASS, MIMICRY, STUDIOGAN

FAMILY = "sngan"
MIMICRY_EPS = 1e-5
STUDIOGAN_EPS = 1e-4


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a program; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or has one of the wrong shape.
    """
    own = converted(checkpoint, FAMILY)
    if own is not None:
        return own
    for network, state in networks(checkpoint):
        for dialect, reader in ((MIMICRY, _mimicry), (STUDIOGAN, _studiogan)):
            if dialect.recognises({name.removesuffix("_orig"): None for name in state}):
                where = f"{checkpoint.path.name}: SNGAN ({dialect.name}) in {network or 'the top level'}"
                return reader(checkpoint, network, where, *normalized(state, where))
    return Declined("it has neither mimicry's 'l1.weight' and 'block2.b1' nor StudioGAN's 'linear0.weight' and 'bn4'")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(f"{checkpoint.path.name}: no SNGAN generator ({model.reason}); choose another --family")
    return model


def _mimicry(checkpoint: Checkpoint, network: str, where: str, view: StateDict, names: dict[str, str]) -> Model:
    found, unknown = MIMICRY.own_names(view, lambda layer: layer - 2)
    no_strangers(where, unknown, len(found))
    place, notes = _place_of_attention(view, found)
    found = {ours.replace("attention.-.", f"attention.{place}."): theirs for ours, theirs in found.items()}
    changes = {ours: GAIN_OF_CLASS for ours in found if ours.endswith(".gain.weight")}
    changes |= {ours: BIAS_OF_CLASS for ours in found if re.fullmatch(r"block\..*\.norm\..*\.bias\.weight", ours)}
    state = renamed(view, found, changes)
    first = "block.0.norm.0.gain.weight"
    classes = state.shape(first)[-1] if first in state and state.shape(first) else 0
    checks = Checks(where, state, {ours: names[theirs] for ours, theirs in found.items()}, MIMICRY)
    settings = Settings((True,) * checks.blocks(), MIMICRY_EPS, MIMICRY_EPS, bilinear=True, one_hot=classes)
    return Model(MIMICRY.name, network, state, dict(checks.names), planned(checks, settings), notes)


def _place_of_attention(view: StateDict, found: dict[str, str]) -> tuple[int, tuple[str, ...]]:
    """Before which block mimicry's attention stands: where the width fits, at 16 pixels where several do.

    In its own models it follows the second block of three, all of one width, or the third of five.
    """
    query = found.get("attention.-.query.weight")
    if query is None or len(view.shape(query)) != 4:
        return 0, ()
    width = view.shape(query)[1]
    fits, i = [], 1
    while (norm := found.get(f"block.{i}.norm.0.mean")) is not None:
        if view.shape(norm) == (width,):
            fits.append(i)
        i += 1
    if len(fits) > 1:
        place = 2 if 2 in fits else fits[0]
        return place, (f"the file does not say where its attention stands; taken to follow 'block{place + 1}'",)
    return (fits[0] if fits else 1), ()


def _studiogan(checkpoint: Checkpoint, network: str, where: str, view: StateDict, names: dict[str, str]) -> Model:
    attentions = {int(m[1]) for name in view if (m := re.match(r"blocks\.(\d{1,4})\.0\.(sigma|conv1x1_)", name))}
    found, unknown = STUDIOGAN.own_names(view, lambda layer: layer - sum(a < layer for a in attentions))
    no_strangers(where, unknown, len(found))
    state = renamed(view, found, {})
    checks = Checks(where, state, {ours: names[theirs] for ours, theirs in found.items()}, STUDIOGAN)
    notes = ["the file does not say which activation was used; taken as ReLU, which is usual"]
    options: frozenset[str] = frozenset()
    one_hot = 0
    columns = _columns(state, "block.0.norm.0.gain.weight")
    if columns and "embedding.weight" not in state:
        one_hot = columns
        if columns == _columns(state, "dense.weight"):  # a label as wide as z, or the chunks of z alone
            options = frozenset({"num_classes"})
            given = checkpoint.options.num_classes
            one_hot = columns if given == columns else 0
            if given is None:
                notes.append(
                    f"its norms read {columns} numbers, taken as z without a class (--num-classes {columns} otherwise)"
                )
            elif given not in (0, columns):
                raise SefaError(f"{where}: num_classes={given}: its norms read {columns} numbers; give 0 or {columns}")
    doubles, more = doubling(checks, checkpoint.options, notes)
    settings = Settings(doubles, STUDIOGAN_EPS, STUDIOGAN_EPS, one_hot=one_hot)
    plan = planned(checks, settings)
    return Model(STUDIOGAN.name, network, state, dict(checks.names), plan, tuple(notes), options | more)


def _columns(state: StateDict, name: str) -> int:
    return state.shape(name)[1] if name in state and len(state.shape(name)) == 2 else 0
