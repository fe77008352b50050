"""Is there a StyleGAN3 generator in this checkpoint, and how large is each part? All sizes come from the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sefa_core.checkpoint import Checkpoint, StateDict
from sefa_core.errors import SefaError
from sefa_core.interfaces import Declined
from sefa_stylegan3.dialects import OWN, Dialect, dialect_of, layer_names, own_names, side_of
from sefa_stylegan3.geometry import MOST, First, Geometry, restored, stored

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class Model:
    """A recognised generator; `state` holds its tensors under our own names (see `dialects`)."""

    dialect: str
    network: str
    state: StateDict
    names: dict[str, str]
    """Our name of each tensor to the file's."""
    geometry: Geometry
    z_dim: int
    w_dim: int
    num_classes: int
    channels: int
    resolution: int

    @property
    def num_layers(self) -> int:
        """Filtered layers, the toRGB at the end included; layer `i` reads row `i + 1` of w."""
        return len(self.geometry.layers)

    @property
    def num_rows(self) -> int:
        """One for the transform of the Fourier features, and one for each layer."""
        return self.num_layers + 1


def find(checkpoint: Checkpoint) -> Model | Declined:
    """The first network of the file, best first, whose names are those of a dialect; else why there is none.

    Raises `SefaError` when such a network lacks a tensor or an attribute, or has one that does not fit.
    """
    for network in checkpoint.networks:
        state = checkpoint.network(network)
        dialect = dialect_of(state)
        if dialect is not None:
            return _model(checkpoint, network, state, dialect)
    return Declined("no network of it has the tensor 'synthesis.input.affine.weight'")


def require(checkpoint: Checkpoint) -> Model:
    """`find`, for the hooks that are asked after the checkpoint was claimed."""
    model = find(checkpoint)
    if isinstance(model, Declined):
        raise SefaError(f"{checkpoint.path.name}: no StyleGAN3 generator ({model.reason}); choose another --family")
    return model


def _model(checkpoint: Checkpoint, network: str, state: StateDict, dialect: Dialect) -> Model:
    where = f"{checkpoint.path.name}: StyleGAN3 ({dialect.name}) in {network or 'the top level'}"
    layers = layer_names(state)
    names, unknown = own_names(state, dialect, layers)
    if unknown:
        raise SefaError(
            f"{where}: tensor {unknown[0]!r} is part of no known variant; {len(names)} others are, report the variant"
        )
    if "label.weight" not in names:
        names.pop("embedding", None)  # StyleGAN-XL keeps its table of labels when it is trained without them
    own = state.renamed(names)
    checks = _Checks(where, names, own)
    mappings, filtered = checks.count("mapping.{}.weight"), checks.count("layer.{}.weight")
    if dialect is OWN:
        geometry = restored(checkpoint.metadata.get("config"), where)
    else:
        label = names["label.weight"].split(".")[1] if "label.weight" in names else ""
        taps = checks.taps("layer.0.up_filter") + checks.taps("layer.0.down_filter")
        first = First(side_of(layers[0]), checks.kernel(0), taps)
        geometry = stored(checkpoint, network, where, layers, first, mappings, label)
    if len(geometry.mapping_multipliers) != mappings or len(geometry.layers) != filtered:
        raise SefaError(
            f"{where}: has weights for {filtered} of {len(geometry.layers)} layers and {mappings} of "
            f"{len(geometry.mapping_multipliers)} of the mapping; the file is incomplete"
        )

    (w_dim,) = checks.shape("input.style.weight", (4, -1))
    (width,) = checks.shape("mapping.0.weight", (None, -1))
    z_dim = width - (checks.shape("label.weight", (-1, None))[0] if "label.weight" in own else 0)
    (channels,) = checks.shape(f"layer.{len(geometry.layers) - 1}.weight", (-1, None, None, None))
    model = Model(
        dialect=dialect.name,
        network=network,
        state=own,
        names=names,
        geometry=geometry,
        z_dim=z_dim,
        w_dim=w_dim,
        num_classes=_num_classes(checks),
        channels=channels,
        resolution=_resolution(geometry, [side_of(name) for name in layers], checks),
    )
    if z_dim < 1:
        raise SefaError(f"{where}: tensor {names['mapping.0.weight']!r} leaves no room for z; the file is damaged")
    _verify(model, checks)
    return model


@dataclass(frozen=True)
class _Checks:
    """Compares shapes, and says in the file's own names what does not fit."""

    where: str
    names: dict[str, str]
    own: StateDict

    def shape(self, name: str, expected: Shape) -> tuple[int, ...]:
        """Raise unless `name` has this shape; None fits any size, -1 as well and the sizes there are returned."""
        if name not in self.own:
            stem = name.rpartition(".")[0]
            sibling = next((self.names[other] for other in self.names if other.startswith(f"{stem}.")), None)
            beside = f" beside {sibling!r}" if sibling else ""
            raise SefaError(
                f"{self.where}: lacks tensor {name!r}{beside}; it has {len(self.own)} others, the file is incomplete"
            )
        shape = self.own.shape(name)
        fits = len(shape) == len(expected) and all(e in (None, -1, s) for e, s in zip(expected, shape, strict=True))
        if not fits:
            wanted = ", ".join("any" if e in (None, -1) else str(e) for e in expected)
            raise SefaError(
                f"{self.where}: tensor {self.names[name]!r} has shape {shape}, ({wanted}) would fit the others; "
                "the file is damaged or of an unknown variant"
            )
        return tuple(s for e, s in zip(expected, shape, strict=True) if e == -1)

    def count(self, pattern: str) -> int:
        """How many tensors there are by this name, counted from 0 without a gap."""
        number = 0
        while pattern.format(number) in self.own:
            number += 1
        if not number:
            self.shape(pattern.format(0), (None,))
        return number

    def kernel(self, i: int) -> int:
        """Side of the kernel of layer `i`."""
        height, width = self.shape(f"layer.{i}.weight", (None, None, -1, -1))
        return self._square(f"layer.{i}.weight", height, width)

    def taps(self, name: str) -> int:
        """Length of a filter, which is one-dimensional where it is separable; 1 where none is stored."""
        if name not in self.own:
            return 1
        if len(self.own.shape(name)) == 1:
            return self.shape(name, (-1,))[0]
        return self._square(name, *self.shape(name, (-1, -1)))

    def _square(self, name: str, height: int, width: int) -> int:
        if height != width or height > MOST:
            raise SefaError(f"{self.where}: tensor {self.names[name]!r} is not square; the file is damaged")
        return height


def _num_classes(checks: _Checks) -> int:
    """Width of the one-hot label: columns of the layer that reads it, or mean latents, or rows of the embedding."""
    if "label.weight" not in checks.own:
        return 0
    if "embedding" not in checks.own:
        return checks.shape("label.weight", (None, -1))[0]
    rows = checks.shape("embedding", (-1, None))[0]
    if "mean" not in checks.own or len(checks.own.shape("mean")) != 2:
        return rows
    classes = checks.shape("mean", (-1, None))[0]
    if classes > rows:
        checks.shape("embedding", (classes, None))
    return classes


def _resolution(geometry: Geometry, named: Sequence[int], checks: _Checks) -> int:
    """Side of the picture: every layer makes its part of the way from the side of the Fourier features.

    `named` are the sides that the names of layers tell; a converted file has no such names.
    """
    side = geometry.size
    for i, layer in enumerate(geometry.layers):
        lost = checks.taps(f"layer.{i}.up_filter") + checks.taps(f"layer.{i}.down_filter") - 2
        between = (side + checks.kernel(i) - 1) * layer.up + sum(layer.padding)
        side = (between - lost - 1) // layer.down + 1
        if side < 1 or between > MOST or (named and side != named[i]):
            raise SefaError(f"{checks.where}: layer {i} would give features {side} px wide; the file is damaged")
    return side


def _verify(model: Model, checks: _Checks) -> None:
    expected = dict(_expected(model, checks))
    for name, shape in expected.items():
        checks.shape(name, shape)
    filters = {f"layer.{i}.{which}_filter" for i in range(model.num_layers) for which in ("up", "down")}
    surplus = sorted(set(model.state) - set(expected) - filters)
    if surplus:
        raise SefaError(
            f"{checks.where}: tensor {model.names[surplus[0]]!r} belongs to no layer of a {model.resolution} px "
            f"generator with {model.num_layers} layers; the file is incomplete or of an unknown variant"
        )


def _expected(model: Model, checks: _Checks) -> Iterator[tuple[str, Shape]]:
    w, state = model.w_dim, model.state
    labelled = state.shape("label.weight")[0] if model.num_classes else 0
    width: int | None = model.z_dim + labelled
    if model.num_classes:
        yield "label.bias", (labelled,)
        if "embedding" in state:
            yield "embedding", (None, -1)
            yield "label.weight", (labelled, state.shape("embedding")[1])
        else:
            yield "label.weight", (labelled, model.num_classes)
    last = len(model.geometry.mapping_multipliers) - 1
    for i in range(last + 1):
        out = w if i == last else checks.shape(f"mapping.{i}.weight", (-1, None))[0]
        yield f"mapping.{i}.weight", (out, width)
        yield f"mapping.{i}.bias", (out,)
        width = out
    if "mean" in state:
        yield "mean", (model.num_classes, w) if len(state.shape("mean")) == 2 else (w,)
    arriving = checks.shape("input.frequencies", (-1, 2))[0]
    yield "input.frequencies", (arriving, 2)
    yield "input.phases", (arriving,)
    yield "input.transform", (3, 3)
    yield "input.weight", (arriving, arriving)
    yield "input.style.weight", (4, w)
    yield "input.style.bias", (4,)
    for i in range(model.num_layers):
        out, kernel = checks.shape(f"layer.{i}.weight", (-1, None, None, None))[0], checks.kernel(i)
        yield f"layer.{i}.weight", (out, arriving, kernel, kernel)
        yield f"layer.{i}.bias", (out,)
        yield f"layer.{i}.magnitude", ()
        yield f"layer.{i}.style.weight", (arriving, w)
        yield f"layer.{i}.style.bias", (arriving,)
        arriving = out
