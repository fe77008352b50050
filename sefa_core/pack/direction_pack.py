"""What is a pack? Directions of one model, by number and by name, with the spectra and facts that belong to them."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np

from sefa_core import checks
from sefa_core.errors import SefaError
from sefa_core.notebook import Shown
from sefa_core.pack.direction import Direction
from sefa_core.pack.space import ModelInfo, Space, refuse_other_model
from sefa_core.presets import DEFAULT_PRESET

if TYPE_CHECKING:
    from typing import Any

    from sefa_core.hub.push import Pushed

MOST_NUMBERS = 1 << 27
"""Numbers in the offsets of all directions together, half a gigabyte; no pack that was meant comes near."""


@dataclass(frozen=True, eq=False, repr=False)
class DirectionPack(Shown, Sequence[Direction]):
    """Directions of one model. Index by number, by name or by slice; a slice is a pack again.

    `vectors` `(k, dim)` float32 rows of unit length, strongest first; `spectrum` all eigenvalues, float64.
    """

    directions: tuple[Direction, ...]
    space: Space
    model: ModelInfo
    spectra: Mapping[str, np.ndarray]
    """What directions call their spectrum, mostly the layer selection: its eigenvalues `(dim,)` float64, descending."""
    preset: str = DEFAULT_PRESET
    method: str = "sefa"
    """How the directions were found, where they do not say otherwise themselves."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What the method was told, such as samples and seed, where the directions do not say otherwise themselves."""
    previews: Mapping[str, Any] = field(default_factory=dict)
    """How pictures of this pack were made: seeds, truncation, noise."""

    def __post_init__(self) -> None:
        checks.text(self.method, "pack: method")
        checks.text(self.preset, "pack: preset")
        object.__setattr__(self, "settings", checks.json_object(self.settings, "pack: settings"))
        refuse_too_many(len(self.directions), self.space)
        object.__setattr__(self, "directions", tuple(self._adopted(direction) for direction in self.directions))
        given = [direction.name for direction in self.directions if direction.name]
        twice = sorted({name for name in given if given.count(name) > 1}) if len({*given}) < len(given) else []
        if twice:
            raise SefaError(f"name {twice[0]!r}: two directions of one pack cannot share it; choose another")
        used = [direction.spectrum or direction.selection for direction in self.directions]
        keys = [key for key in dict.fromkeys([*used, *sorted(self.spectra)]) if key in self.spectra]
        object.__setattr__(self, "spectra", {key: _spectrum(key, self.spectra[key]) for key in keys})
        object.__setattr__(self, "previews", checks.json_object(self.previews, "pack: previews"))

    def _adopted(self, direction: Direction) -> Direction:
        """`direction` as one of this pack: of its model and, where it does not say, found as the others were."""
        if not isinstance(direction, Direction):
            raise SefaError(f"pack: holds directions; got {type(direction).__name__}")
        if direction.space != self.space:
            raise SefaError(f"pack of {self.space}: direction {direction.name!r} lives in {direction.space}")
        refuse_other_model(direction.fingerprint, self.model.fingerprint, f"direction {direction.name!r}")
        if not direction.offsets.any():
            raise SefaError(f"pack: direction {direction.name!r} has length zero and changes nothing; leave it out")
        mine = {
            "fingerprint": self.model.fingerprint,
            "method": self.method,
            "preset": self.preset,
            "settings": self.settings,
        }
        missing = {key: value for key, value in mine.items() if getattr(direction, key) is None}
        return replace(direction, **missing) if missing else direction  # type: ignore[arg-type]

    def __repr__(self) -> str:
        names = ", ".join(direction.name for direction in self.directions if direction.name)
        called = f", names {names}" if names else ""
        count = f"{len(self)} direction{'s' * (len(self) != 1)}"
        return f"<DirectionPack of {self.model.name}: {count} in {self.space}{called}>"

    @property
    def vectors(self) -> np.ndarray:
        """One unit vector for each direction, `Direction.axis`; what moves its rows differently is only near to it."""
        if not self.directions:
            return np.zeros((0, self.space.dim), np.float32)
        vectors = np.stack([direction.axis for direction in self.directions])  # (k, dim)
        vectors.flags.writeable = False  # a change to this copy would be lost without a word
        return vectors

    @property
    def spectrum(self) -> np.ndarray:
        """The eigenvalues of the first spectrum; `spectra` has all of them."""
        if not self.spectra:
            raise SefaError(f"pack of {self.model.name}: holds no spectrum; factorize the model to have one")
        return next(iter(self.spectra.values()))

    def share(self, direction: Direction) -> float | None:
        """The direction's eigenvalue as a part of the sum of its spectrum, 0 to 1; None where one is not known."""
        spectrum = self.spectra.get(direction.spectrum or direction.selection)
        if direction.eigenvalue is None or spectrum is None or not spectrum.sum() > 0:
            return None
        return float(direction.eigenvalue / spectrum.sum())

    def __len__(self) -> int:
        return len(self.directions)

    def __iter__(self) -> Iterator[Direction]:
        return iter(self.directions)

    @overload
    def __getitem__(self, which: int | str) -> Direction: ...
    @overload
    def __getitem__(self, which: slice) -> DirectionPack: ...
    def __getitem__(self, which: int | str | slice) -> Direction | DirectionPack:
        if isinstance(which, slice):
            return replace(self, directions=self.directions[which])
        return self.directions[self.index_of(which)]

    def index_of(self, which: int | str) -> int:
        """The number of a direction given by number (negative counts from the end), by name, or by a number as text."""
        if isinstance(which, str):
            for position, direction in enumerate(self.directions):
                if which and direction.name == which:
                    return position
            if not re.fullmatch("-?[0-9]{1,9}", which):
                names = ", ".join(direction.name for direction in self.directions if direction.name)
                raise SefaError(
                    f"direction {checks.shown(which)}: the pack has none of that name; it {self._numbers('has')}"
                    + (f" and the names {names}" if names else " and no names yet")
                )
            number = int(which)
        else:
            if isinstance(which, bool) or not hasattr(which, "__index__"):
                raise SefaError(f"direction {checks.shown(which)}: is neither a number nor a name; give one of them")
            number = operator.index(which)
        if not -len(self) <= number < len(self):
            # a plain IndexError ends the old iteration protocol; a SefaError tells a person what there is
            raise DirectionIndexError(f"direction {number}: the pack {self._numbers('holds')}")
        return number % len(self)

    def _numbers(self, verb: str) -> str:
        return f"{verb} {len(self)}, numbered 0 to {len(self) - 1}" if len(self) else f"{verb} no directions"

    def named(self, names: Mapping[int | str, str]) -> DirectionPack:
        """The pack with new names: `names` maps a number or an old name to a new one ("" takes the name away)."""
        directions = list(self.directions)
        for which, name in names.items():
            number = self.index_of(which)
            directions[number] = replace(directions[number], name=name)
        return replace(self, directions=tuple(directions))

    def pick(self, *which: int | str | Direction) -> DirectionPack:
        """A pack of these directions in this order, with the spectra that belong to them.

        Each is a number, a name, an expression such as "smile - 0.4*age", or a direction: `pack.pick(3, -pack["age"])`.
        """
        from sefa_core.pack.curation import pick

        return pick(self, which)

    @staticmethod
    def merge(packs: Sequence[DirectionPack]) -> DirectionPack:
        """One pack with the directions of several, which are of one model; the first says what they have in common.

        Raises `SefaError` when the models differ, or when two directions have one name.
        """
        from sefa_core.pack.curation import merge

        return merge(packs)

    def with_names_of(self, older: DirectionPack) -> DirectionPack:
        """The pack with the names and descriptions that `older` has for the same directions of the same model."""
        from sefa_core.pack.curation import with_names_of

        return with_names_of(self, older)

    def save_pretrained(self, folder: str | Path) -> Path:
        """Write `directions.safetensors`, `config.json` and `README.md` into `folder`; returns the folder."""
        from sefa_core.pack.file import save

        return save(self, Path(folder).expanduser())

    def push_to_hub(
        self,
        repo_id: str,
        *,
        private: bool = False,
        revision: str | None = None,
        create_pr: bool = False,
        commit_message: str | None = None,
        token: str | None = None,
        previews: str | Path | None = None,
        replace_card: bool = False,
        dry_run: bool = False,
    ) -> Pushed:
        """Share the pack on the Hugging Face Hub as `org/name`, in one commit; returns what was sent, and where to.

        The repository, and the branch `revision`, are made where there are none; `create_pr` proposes the change.
        `previews` is a folder of `<number>.webp`. A card that a person wrote there stays unless `replace_card`.
        `dry_run` only tells the files and asks nobody. Raises `SefaError` with what to do when the Hub refuses.
        """
        from sefa_core.hub.push import push, staged

        with staged(self) as folder:
            return push(
                folder,
                repo_id,
                private=private,
                revision=revision,
                create_pr=create_pr,
                commit_message=commit_message,
                token=token,
                previews=None if previews is None else Path(previews),
                replace_card=replace_card,
                dry_run=dry_run,
            )

    @classmethod
    def from_pretrained(
        cls, source: str | Path, *, revision: str | None = None, token: str | None = None
    ) -> DirectionPack:
        """Read a pack from a folder, or from the Hub by its name there: `"org/name"`, a string.

        A folder of that name goes first; `hf:org/name@revision` is always the Hub, and `pkg:package/folder`, or a name
        of the registry, a pack that came with a distribution. `revision` is a branch, a tag or a commit. Raises
        `SefaError` when it is no pack, is damaged, is of an unknown format version, or cannot be had.
        """
        from sefa_core.pack.file import load

        if isinstance(source, str):
            from sefa_core.hub.pull import load_shared
            from sefa_core.pack.installed import load_installed

            installed = load_installed(source)
            if installed is not None:
                return installed
            shared = load_shared(source, revision=revision, token=token)
            if shared is not None:
                return shared
        if revision is not None:
            raise SefaError(f"{source}: a folder has no revisions; leave revision out, or write hf:org/name")
        return load(Path(source).expanduser())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DirectionPack):
            return NotImplemented
        return (
            self.directions == other.directions
            and (self.space, self.model, self.preset, self.method, self.settings)
            == (other.space, other.model, other.preset, other.method, other.settings)
            and list(self.spectra) == list(other.spectra)
            and all(np.array_equal(self.spectra[key], other.spectra[key]) for key in self.spectra)
            and dict(self.previews) == dict(other.previews)
        )

    __hash__ = None  # type: ignore[assignment]  # arrays inside


class DirectionIndexError(SefaError, IndexError):
    """A number beyond the directions of a pack."""


def refuse_too_many(count: int, space: Space) -> None:
    """Raise `SefaError` when so many directions in such a space are more than a pack holds."""
    if count * space.num_rows * space.dim > MOST_NUMBERS:
        raise SefaError(
            f"pack: {count} directions in {space} have more than {MOST_NUMBERS} numbers; make it of fewer directions"
        )


def _spectrum(key: str, values: np.ndarray) -> np.ndarray:
    """Eigenvalues `(dim,)` float64 that are numbers."""
    checks.text(key, "spectrum")
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as problem:
        raise SefaError(f"spectrum {key!r}: is no list of numbers ({problem})") from problem
    if array.ndim != 1 or not len(array) or not np.isfinite(array).all():
        raise SefaError(f"spectrum {key!r}: must be a list of finite numbers, largest first; got shape {array.shape}")
    array.flags.writeable = False
    return array
