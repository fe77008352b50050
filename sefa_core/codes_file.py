"""How are codes kept in files, and how are codes read that another program found?

Our own files are safetensors: tensors `rows (n, rows, dim)` and, where there are classes, `labels (n, classes)`; the
header says which model they belong to. Projectors and encoders save bare arrays, which never say that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.interfaces import Codes
from sefa_core.seeds import parse_seeds, split_file

if TYPE_CHECKING:
    import torch
    from numpy.typing import ArrayLike

    from sefa_core.checkpoint import Checkpoint
    from sefa_core.generator import Generator
    from sefa_core.seeds import Seed

FORMAT, VERSION = "sefa-codes", "1"
MOST_CODES = 100_000
NAMES = ("w", "ws", "wp", "w_plus", "latent", "latents", "latent_in", "dlatents", "codes", "rows", "z")
"""What programs call their codes, where a file holds other arrays as well."""
FLOATS = frozenset({"float16", "bfloat16", "float32", "float64"})


def save_codes(
    path: str | Path,
    codes: Codes,
    gan: Generator,
    *,
    space: str | None = None,
    picture: str = "",
    figures: Mapping[str, object] | None = None,
) -> Path:
    """Write `codes` of `gan` as safetensors; the same codes and facts give the same bytes.

    The header carries the model, its fingerprint and terms, `space` (where they were searched), the truncation that
    they were drawn with, the name of the `picture` that they came from, and `figures`, JSON values.
    """
    import numpy as np

    from sefa_core import __version__
    from sefa_core.checkpoint.writer import write_safetensors
    from sefa_core.encoding import check_codes

    check_codes(codes, gan.space, gan.name)
    if codes.fingerprint is not None and codes.fingerprint != gan.fingerprint:
        raise SefaError(
            f"codes: made by the model {codes.fingerprint[:12]}, {gan.name} is {gan.fingerprint[:12]}; keep them with "
            "the model that made them"
        )
    arrays = {"rows": codes.rows.detach().cpu().numpy().astype(np.float32)}  # (n, rows, dim)
    if codes.labels is not None:
        arrays["labels"] = codes.labels.detach().cpu().numpy().astype(np.float32)  # (n, classes)
    header = {
        **gan.origin.header(),
        "format": FORMAT,
        "format_version": VERSION,
        "model": gan.name,
        "family": gan.family,
        "fingerprint": gan.fingerprint,
        "space": space or gan.space.name,
        "truncation": json.dumps(codes.truncation),
        "picture": printable(picture)[:500],
        "figures": json.dumps(dict(figures or {}), sort_keys=True, allow_nan=False),
        "tool": f"sefa-core {__version__}",
    }
    shapes = {name: ("float32", array.shape) for name, array in arrays.items()}
    write_safetensors(Path(path), shapes, lambda name: arrays[name], header)
    return Path(path)


def load_codes(
    path: str | Path, gan: Generator, *, labels: ArrayLike | torch.Tensor | None = None, force: bool = False
) -> Codes:
    """The codes in a file, for `gan`: ours, or an array `(n, rows, dim)`, `(n, dim)` or one without the n.

    Arrays come from `.npy`, `.npz`, safetensors and files of `torch.save`, which are read without running them. One
    vector for each code goes to all of its rows. An array called `z` is z. `labels` are the classes, which only our own
    files know. Codes of another model are refused unless `force`; an array cannot say whose it is.
    """
    from sefa_core.encoding import one_hot

    stored = _stored(Path(path), gan, force=force)
    given = labels is not None
    hot = one_hot(gan.space, labels, len(stored.vectors), device=gan.device, model=gan.name) if given else None
    return stored.codes(gan, hot)


def each_sample(gan: Generator, seeds: Iterable[Seed]) -> tuple[Seed, ...]:
    """`seeds` with one entry for each code: a file of several becomes `latents.pt#0`, `latents.pt#1` and so on."""
    found: list[Seed] = []
    for seed in seeds:
        if not isinstance(seed, str):
            found.append(seed)
            continue
        path, which = split_file(seed)
        count = len(_stored(Path(path), gan).vectors)
        numbers = parse_seeds(which) if which else tuple(range(count))
        if numbers[-1] >= count:
            raise SefaError(f"{printable(seed)}: the file has {count} codes, numbered from 0; name one of them")
        found += [path] if count == 1 else [f"{path}#{number}" for number in numbers]
    return tuple(found)


def with_files(
    gan: Generator,
    seeds: Iterable[Seed],
    *,
    labels: ArrayLike | torch.Tensor | None,
    truncation: float,
    truncation_layers: int | None,
) -> Codes:
    """Codes of seeds and of files in their order. Truncation moves those that are drawn; those of files stay."""
    from sefa_core.encoding import one_hot
    from sefa_core.traverse import join

    each = each_sample(gan, seeds)
    hot = None
    if labels is not None:
        hot = one_hot(gan.space, labels, len(each), device=gan.device, model=gan.name)  # (n, classes)
    files: dict[str, _Stored] = {}
    places = [place for place, seed in enumerate(each) if isinstance(seed, int)]
    parts: dict[int, Codes] = {}
    if places:
        drawn = gan.sample(
            [seed for seed in each if isinstance(seed, int)],
            labels=None if hot is None else hot[places],
            truncation=truncation,
            truncation_layers=truncation_layers,
        )
        parts.update(zip(places, drawn, strict=True))
    for place, seed in enumerate(each):
        if isinstance(seed, str):
            path, which = split_file(seed)
            stored = files.setdefault(path, files.get(path) or _stored(Path(path), gan))
            parts[place] = stored.codes(gan, None if hot is None else hot[place : place + 1], int(which or 0))
    codes = join([parts[place] for place in range(len(each))])
    return replace(codes, truncation=truncation) if places else codes


@dataclass(frozen=True, eq=False)
class _Stored:
    """What a file holds."""

    path: Path
    vectors: torch.Tensor
    """`(n, rows, dim)`, or `(n, z_dim)` where they are z."""
    labels: torch.Tensor | None
    truncation: float

    def codes(self, gan: Generator, hot: torch.Tensor | None, which: int | None = None) -> Codes:
        """All of the codes, or one; `hot` are their labels where the user gives some."""
        chosen = slice(None) if which is None else slice(which, which + 1)
        vectors, labels = self.vectors[chosen], self.labels[chosen] if self.labels is not None else None
        labels = labels if hot is None else hot
        if gan.space.num_classes and labels is None:
            raise SefaError(
                f"{printable(self.path)}: does not say of which of {gan.space.num_classes} classes its codes are; "
                "name the class (--class)"
            )
        if vectors.ndim == 2:
            return gan.encode(vectors, labels=labels)
        return Codes(vectors, labels, self.truncation, gan.fingerprint)


def _stored(path: Path, gan: Generator, *, force: bool = False) -> _Stored:
    import torch

    file = _opened(path)
    ours = file.metadata.get("format") == FORMAT
    if ours:
        _refuse_other(file, gan, force=force)
    names = ["rows"] if ours else _names(file)
    parts = [_vectors(file, name, gan) for name in names]
    if len({part.ndim for part in parts}) != 1:
        raise _wrong(file, "holds both z and w", "save one of them alone")
    vectors = torch.cat(parts).to(gan.device)
    if not 1 <= len(vectors) <= MOST_CODES:
        raise _wrong(file, f"holds {len(vectors)} codes, 1 to {MOST_CODES} can be used", "save fewer")
    labels = None
    if ours and gan.space.num_classes and "labels" in file.tensors:
        labels = torch.from_numpy(file.tensors.read("labels")).to(gan.device)
        if labels.shape != (len(vectors), gan.space.num_classes):
            raise _wrong(file, f"has labels of shape {tuple(labels.shape)}", "save the codes again")
    return _Stored(path, vectors, labels, _truncation(file) if ours else 1.0)


def _opened(path: Path) -> Checkpoint:
    from sefa_core.checkpoint import open_checkpoint
    from sefa_core.importers.npy import is_npy, open_npy

    return open_npy(path) if is_npy(path) else open_checkpoint(path)


def _refuse_other(file: Checkpoint, gan: Generator, *, force: bool) -> None:
    """Raise `SefaError` where a file of ours is of another model or version."""
    version, theirs = file.metadata.get("format_version"), file.metadata.get("fingerprint", "")
    if version != VERSION:
        raise _wrong(file, f"is of format_version {version}, {VERSION} is known", "update sefa-core")
    if theirs != gan.fingerprint and not force:
        model = printable(file.metadata.get("model", "another model"))[:100]
        raise _wrong(
            file,
            f"holds codes of {model} ({theirs[:12]}), {gan.name} is {gan.fingerprint[:12]}",
            "use the model that they were made for",
        )


def _truncation(file: Checkpoint) -> float:
    try:
        return float(file.metadata.get("truncation", "1.0"))
    except ValueError as problem:
        raise _wrong(file, "has a truncation that is no number", "save the codes again") from problem


def _names(file: Checkpoint) -> list[str]:
    """The arrays that are codes: the only one, or those that are called as programs call them."""
    floats = [name for name, info in file.tensors.items() if info.dtype in FLOATS]
    if len(floats) == 1:
        return floats
    for known in NAMES:
        found = [name for name in floats if name.rpartition(".")[2] == known]
        if found:
            return found
    listed = ", ".join(printable(name) for name in floats[:8]) or "none of numbers"
    raise _wrong(file, f"has no array that is known for codes (it has {listed})", f"call it {NAMES[0]} or latents")


def _vectors(file: Checkpoint, name: str, gan: Generator) -> torch.Tensor:
    """One array as rows `(n, rows, dim)`, or as z `(n, z_dim)`; `SefaError` where it does not fit the model."""
    import torch

    space, shape = gan.space, file.tensors.shape(name)
    label = f"array {printable(name)!r} of shape {shape}" if name else f"shape {shape}"
    of_z = name.rpartition(".")[2] == "z" or (space.name == "z" and len(shape) < 3)
    wanted = (
        f"{gan.name} takes z of width {space.z_dim}"
        if of_z
        else f"{gan.name} takes {space.name} of {space.num_rows} x {space.dim}, or of width {space.dim} for all rows"
    )
    if file.tensors[name].dtype not in FLOATS or not shape or shape[-1] != (space.z_dim if of_z else space.dim):
        raise _wrong(file, f"has {label}, {wanted}", "use the model that it was made for")
    sizes = list(shape)
    while len(sizes) > 3 and sizes[0] == 1:
        sizes.pop(0)
    if of_z:
        sizes = [size for size in sizes[:-1] if size != 1 or len(sizes) == 2] + sizes[-1:]
    alone = len(sizes) == 2 and not of_z and sizes[0] == space.num_rows  # the rows of a single code
    if len(sizes) > 3 or (of_z and len(sizes) > 2) or (len(sizes) == 3 and sizes[1] not in (1, space.num_rows)):
        raise _wrong(file, f"has {label}, {wanted}", "use the model that it was made for")
    values = torch.from_numpy(file.tensors.read(name)).float()
    if not bool(values.isfinite().all()):
        raise _wrong(file, f"has {label} with NaN or infinite numbers", "make or fetch the file again")
    if of_z:
        return values.reshape(-1, space.z_dim)  # (n, z_dim)
    rows = values.reshape(-1, space.num_rows if alone or (len(sizes) == 3 and sizes[1] != 1) else 1, space.dim)
    return rows.expand(-1, space.num_rows, -1).contiguous()  # (n, rows, dim)


def _wrong(file: Checkpoint, problem: str, remedy: str) -> SefaError:
    return SefaError(f"{printable(file.path)}: {problem}; {remedy}")
