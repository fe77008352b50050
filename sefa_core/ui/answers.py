"""What does the studio answer? One method for each question of the browser: from values of JSON to values of JSON."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sefa_core.checks import text, whole
from sefa_core.errors import SefaError
from sefa_core.ui import address, animate, kept, photo
from sefa_core.ui.address import Model as Told
from sefa_core.ui.images import data_address, thumbnail
from sefa_core.ui.jobs import Jobs
from sefa_core.ui.memory import Bounded
from sefa_core.ui.models import Models, Open
from sefa_core.ui.session import View, parse
from sefa_core.ui.turns import Turns

if TYPE_CHECKING:
    from sefa_core.interfaces import Codes

PREVIEW, THUMB = 128, 96
"""Sides of pictures in passing."""
AT_ONCE = 4
"""Small pictures that are made in one turn."""
MOST_CLASSES = 1000
MOST_FILES_BYTES = 256 << 20


@dataclass(frozen=True)
class File:
    """Something to download, under a name that nobody guesses."""

    name: str
    kind: str
    content: bytes


class Studio:
    """The answers to all visitors. What belongs to one of them is in the questions, or under an unguessable name."""

    def __init__(self, models: Models, *, default: View, public: bool = False, folder: Path | None = None) -> None:
        """`public`: others than the one who started it may come, so nothing of this machine's login is used."""
        self.models, self.default, self.public, self.folder = models, default, public, folder
        self.turns, self.jobs = Turns(slots=1), Jobs()
        self.photos: Bounded[photo.Photo] = Bounded(64)
        self.files: Bounded[File] = Bounded(MOST_FILES_BYTES, lambda file: len(file.content))
        self._originals: Bounded[np.ndarray] = Bounded(64 << 20, lambda pixels: pixels.nbytes)

    def answer(self, verb: str, question: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a question; `SefaError` where there is none."""
        answers = {
            "open": self.open,
            "address": self.address,
            "directions": self.directions,
            "picture": self.picture,
            "row": self.row,
            "ends": self.ends,
            "card": self.card,
            "pack": self.pack,
            "push": self.push,
            "animate": self.animate,
            "job": lambda asked: self.jobs.ask(asked.get("job")),
            "stop": self.stop,
        }
        if verb not in answers:
            raise SefaError(f"studio: there is no question {verb[:40]!r}; reload the page")
        return answers[verb](question)

    # -- looking

    def open(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The view of an address, and everything about its model that does not change."""
        view = address.from_query(str(question.get("query", "")), self.default)
        model = self.models.get(view.model)
        gan, space = model.gan, model.gan.space
        view = replace(view, model=model.place.name, layers=model.canonical(view.layers))
        places = [{"name": p.name, "title": p.title, "group": p.group} for p in self.models.allowed.places()]
        return {
            "view": view.plain(),
            "places": places,
            "hub": self.models.allowed.hub,
            "public": self.public,
            "saves": self.folder is not None,
            "model": {
                "name": model.place.name,
                "title": model.place.title,
                "family": gan.family,
                "resolution": gan.resolution,
                "space": space.name,
                "licence": gan.origin.licence,
                "non_commercial": gan.origin.non_commercial,
                "psi": space.truncation,
                "classes": list(space.class_names[:MOST_CLASSES]) or space.num_classes,
                "layers": [
                    {"name": layer.name, "resolution": layer.resolution, "kind": layer.kind, "out": layer.out}
                    for layer in gan.layers
                ],
                "groups": model.groups,
                "pack": None if model.shared is None else len(model.shared),
            },
            **self._stated(view, model),
            **self.directions({"view": view.plain()}),
        }

    def address(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The address of a view, and the commands that repeat it."""
        view, model = self._view(question)
        return self._stated(view, model)

    def _stated(self, view: View, model: Open) -> dict[str, Any]:
        told = self._told(view, model)
        return {"query": address.to_query(view), "commands": address.commands(view, told)}

    def _told(self, view: View, model: Open) -> Told:
        usual = view.truncation is None or view.truncation == model.gan.space.truncation
        pack = self.models.pack_source
        if pack is not None and self.public:
            pack = Path(pack).name if Path(pack).is_absolute() else pack
        return Told(model.place.shown(public=self.public), pack, None if usual else view.truncation)

    def directions(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The directions of the layers that a view has chosen."""
        view, model = self._view(question)
        layers = model.canonical(view.layers)
        pack = model.pack(layers, view.count)
        return {
            "layers": layers,
            "directions": [
                {
                    "key": f"{layers}/{number}",
                    "number": number,
                    "name": direction.name,
                    "note": direction.description,
                    "range": list(direction.range or (-3.0, 3.0)),
                    "share": pack.share(direction),
                    "layers": list(direction.layers),
                }
                for number, direction in enumerate(pack)
            ],
        }

    def picture(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The picture of a view: `small` in passing, else whole; `original` without its edits, `changes` as a map."""
        view, model = self._view(question)
        small, what = bool(question.get("small")), question.get("what", "edited")
        codes = self._codes(view, model)
        begun = time.perf_counter()
        with self.turns.turn(self._key(question, f"picture {what}")):
            waited = time.perf_counter() - begun
            if what == "original":
                pixels = self._original(view, model, codes, small)
            else:
                pixels = self._pixels(model, model.shifted(codes, view.edits), small)[0]  # (h, w, C)
            if what == "changes":
                from sefa_core.report import difference

                image = data_address(difference(pixels, self._original(view, model, codes, small)))
            else:
                image = data_address(pixels)
        spent = time.perf_counter() - begun
        return {
            "picture": image,
            "side": pixels.shape[0],
            "whole": pixels.shape[0] >= model.gan.resolution,
            "ms": round(1000 * (spent - waited)),
            "waited": round(1000 * waited),
            **self._stated(view, model),
        }

    def row(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The same edit on a row of samples, small."""
        view, model = self._view(question)
        codes = model.shifted(model.drawn(view.row, view), view.edits)
        return {"pictures": self._thumbs(model, codes, self._key(question, "row"))}

    def ends(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Both ends of some directions on the sample of the view, without its edits, small."""
        from sefa_core.traverse import join

        view, model = self._view(question)
        pack = model.pack(model.canonical(view.layers), view.count)
        first = whole(question.get("first", 0), "first", 0, len(pack))
        chosen = list(pack)[first : first + whole(question.get("count", AT_ONCE), "count", 1, 2 * AT_ONCE)]
        if not chosen:
            return {"ends": []}
        codes = self._codes(view, model)
        ends = [direction.shift(codes, end) for direction in chosen for end in direction.range or (-3.0, 3.0)]
        found = self._thumbs(model, join(ends), self._key(question, f"ends {first}"))
        return {"ends": [found[i : i + 2] for i in range(0, len(found), 2)]}

    # -- keeping

    def card(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The model card of what is kept, before anything is sent."""
        view, model = self._view(question)
        return {"card": kept.card_of(kept.pack_of(model, view), str(question.get("repo") or ""))}

    def pack(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """The pack as a file to download, or in the folder of the start."""
        view, model = self._view(question)
        name = text(question.get("name") or "directions", "name of the pack", most=60)
        if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii():
            raise SefaError(f"name of the pack {name!r}: use letters, digits, - and _")
        pack = kept.pack_of(model, view)
        if question.get("save"):
            if self.folder is None:
                raise SefaError("pack: this studio keeps nothing on its machine; download the pack")
            return {"saved": str(pack.save_pretrained(self.folder / name))}
        return {"file": self.filed(f"{name}.zip", "application/zip", kept.archive(pack, name)), "count": len(pack)}

    def push(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Send the pack to the Hub with the visitor's token; with this machine's login only where it is one's own."""
        view, model = self._view(question)
        token = text(question.get("token") or "", "token", most=500).strip() or None
        if token is None and self.public:
            raise SefaError("push: this studio is open to others and uses nobody's login; give a token of your own")
        repo = text(question.get("repo") or "", "repository", empty=False, most=200).strip()
        return {"url": kept.share(kept.pack_of(model, view), repo, token, private=bool(question.get("private")))}

    # -- what takes longer

    def photograph(self, content: bytes, query: str, crop: str) -> dict[str, Any]:
        """Find the code of a photograph: a job, whose result names it."""
        view = address.from_query(query, self.default)
        model = self.models.get(view.model)
        image = photo.opened_small(content)
        return {"job": self.jobs.start("invert", lambda job: photo.found(job, self, model, image, crop))}

    def animate(self, question: Mapping[str, Any]) -> dict[str, Any]:
        """Make an animation of the key frames of a view: a job, whose result names the files."""
        view, model = self._view(question)
        wanted = animate.wanted(question, view)
        told = self._told(view, model)
        return {"job": self.jobs.start("animate", lambda job: animate.made(job, self, model, view, told, wanted))}

    def stop(self, question: Mapping[str, Any]) -> dict[str, Any]:
        self.jobs.stop(question.get("job"))
        return {}

    # -- parts

    def _view(self, question: Mapping[str, Any]) -> tuple[View, Open]:
        view = parse(question.get("view"))
        model = self.models.get(view.model)
        return replace(view, layers=model.canonical(view.layers)), model

    def _key(self, question: Mapping[str, Any], what: str) -> str:
        """Questions of one visitor for one place of the page: a newer one makes those that wait idle."""
        visitor = question.get("visitor")
        return f"{visitor} {what}" if isinstance(visitor, str) and 8 <= len(visitor) <= 64 else ""

    def codes_of(self, seed: int, name: str, view: View, model: Open) -> Codes:
        """One code: of a seed, or of a photograph."""
        if not name:
            return model.drawn([seed], view)
        found = self.photos.find(name)
        if found is None:
            raise SefaError("photograph: the studio does not have it any more; drop it here again")
        if found.codes.fingerprint != model.gan.fingerprint:
            raise SefaError(
                f"photograph: its code was found in another model than {model.gan.name}; drop it here again"
            )
        return found.codes

    def _codes(self, view: View, model: Open) -> Codes:
        return self.codes_of(view.seed, view.photo, view, model)

    def _pixels(self, model: Open, codes: Codes, small: bool) -> np.ndarray:
        """`(n, h, w, C)` uint8."""
        gan = model.gan
        return gan.pixels(gan.preview(codes, size=PREVIEW) if small else gan.synthesize(codes))

    def _original(self, view: View, model: Open, codes: Codes, small: bool) -> np.ndarray:
        """The unedited picture, which is asked for again and again."""
        about = (view.model, view.seed, view.photo, view.label, view.truncation, small)
        return self._originals.get(about, lambda: self._pixels(model, codes, small)[0])

    def _thumbs(self, model: Open, codes: Codes, key: str) -> list[str]:
        found: list[str] = []
        for start in range(0, len(codes), AT_ONCE):  # others get their turn in between
            with self.turns.turn(key):
                piece = model.gan.preview(codes[start : start + AT_ONCE], size=THUMB)
                found += [thumbnail(pixels, THUMB) for pixels in model.gan.pixels(piece)]
        return found

    def filed(self, name: str, kind: str, content: bytes) -> str:
        """Keep a file for its visitor; where it is under `/studio/file/`."""
        import secrets

        token = secrets.token_urlsafe(24)
        self.files.keep(token, File(name, kind, content))
        return f"{token}/{name}"
