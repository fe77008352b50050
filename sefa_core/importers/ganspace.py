"""GANSpace: principal components of w or of activations, as saved edits, as the cache of a decomposition, or e4e's.

A component `c` of unit length is moved along in standard deviations `s`: `latent += strength * s * c`.
"""

from __future__ import annotations

from sefa_core.checkpoint import Checkpoint
from sefa_core.checkpoint.source import shown
from sefa_core.importers.layout import Edit, Found, Layout, read_numbers, read_vectors, wrong
from sefa_core.interfaces import LatentSpace

METHOD = "ganspace"
DEVIATIONS = 3.0
"""How far a range goes for components that nobody tried out."""


def _is_edit(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return "lat_comp" in checkpoint.tensors and {"latent_space", "lat_stdev"} <= set(checkpoint.values)


def _edit(checkpoint: Checkpoint, space: LatentSpace) -> Found:
    """One named edit: `lat_comp (1, dim)`, `edit_start` and `edit_end` rows of the code, `sigma_range` deviations."""
    values = checkpoint.values
    if values.get("edit_type", "latent") != "latent":
        raise wrong(
            checkpoint,
            f"it edits activations of the layer {shown(values.get('decomposition.layer', '?'))!r}, not the latent code",
            "save the edit again in GANSpace's latent mode",
        )
    vectors = read_vectors(checkpoint, "lat_comp", space)  # (1, dim)
    if len(vectors) != 1:
        raise wrong(checkpoint, f"it is one edit with {len(vectors)} vectors", "make or fetch the file again")
    deviation = _number(checkpoint, "lat_stdev")
    sigmas = abs(_number(checkpoint, "sigma_range")) if "sigma_range" in values else DEVIATIONS
    rows = None
    if {"edit_start", "edit_end"} <= set(values):
        rows = (int(_number(checkpoint, "edit_start")), int(_number(checkpoint, "edit_end")))
    made = [f"component {values['component_index']}"] if isinstance(values.get("component_index"), int) else []
    made += [shown(values[key]) for key in ("model_name", "output_class", "decomposition.layer") if key in values]
    note = f"GANSpace {', '.join(made)}; one deviation there is {deviation:.4g} here"
    name = values.get("name")
    edit = Edit(vectors[0], name if isinstance(name, str) else "", rows, sigmas * deviation, note)
    return Found((edit,), str(values["latent_space"]).lower(), METHOD)


def _number(checkpoint: Checkpoint, name: str) -> float:
    value = checkpoint.values[name]
    if isinstance(value, str) or not abs(value) < 1e6:
        raise wrong(checkpoint, f"{name} is {shown(value)!r}, no number of that kind", "make or fetch the file again")
    return float(value)


def _is_cache(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return {"lat_comp", "lat_stdev"} <= set(checkpoint.tensors)


def _cache(checkpoint: Checkpoint, space: LatentSpace) -> Found:
    """A whole decomposition: `lat_comp (k, 1, dim)`, `lat_stdev (k,)`, `var_ratio (k,)`.

    GANSpace measures the deviations in w alone and writes ones for z.
    """
    vectors = read_vectors(checkpoint, "lat_comp", space)  # (k, dim)
    deviations = read_numbers(checkpoint, "lat_stdev", len(vectors))
    notes = [f"one deviation there is {deviation:.4g} here" for deviation in deviations]
    if "var_ratio" in checkpoint.tensors:
        parts = read_numbers(checkpoint, "var_ratio", len(vectors))
        notes = [f"{part:.3%} of the variance; {note}" for part, note in zip(parts, notes, strict=True)]
    edits = tuple(
        Edit(vector, reach=DEVIATIONS * float(deviation), note=f"GANSpace component {i}, {note}")
        for i, (vector, deviation, note) in enumerate(zip(vectors, deviations, notes, strict=True))
    )
    return Found(edits, "z" if (deviations == 1).all() else "w", METHOD)


def _is_e4e(checkpoint: Checkpoint, space: LatentSpace) -> bool:
    return set(checkpoint.tensors) == {"mean", "comp", "std"}


def _e4e(checkpoint: Checkpoint, space: LatentSpace) -> Found:
    """The same for encoder4editing, in w: `comp (k, 1, dim)`, `std (k,)`, `mean (1, dim)`."""
    vectors = read_vectors(checkpoint, "comp", space)  # (k, dim)
    deviations = read_numbers(checkpoint, "std", len(vectors))
    edits = tuple(
        Edit(
            vector,
            reach=DEVIATIONS * float(deviation),
            note=f"GANSpace component {i}, one deviation there is {deviation:.4g} here",
        )
        for i, (vector, deviation) in enumerate(zip(vectors, deviations, strict=True))
    )
    return Found(edits, "w", METHOD)


EDIT = Layout("ganspace-edit", "an edit of GANSpace (lat_comp, lat_stdev, latent_space)", _is_edit, _edit)
CACHE = Layout("ganspace-components", "components of GANSpace (lat_comp, lat_stdev)", _is_cache, _cache)
E4E = Layout("e4e-components", "components for encoder4editing (comp, mean, std)", _is_e4e, _e4e)
