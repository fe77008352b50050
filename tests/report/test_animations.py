"""Does `sefa render --frames` write the animation that the key frames describe, and the same one twice?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sefa_core as sefa
from sefa_core.errors import SefaError
from sefa_core.pack import DirectionPack
from sefa_core.report.keyframes import KeyFrames
from sefa_core.report.motion import edit_frames
from tests.conftest import REPOSITORY
from tests.report.commands import process

MODEL = REPOSITORY / "tests" / "golden" / "dcgan_tar_32" / "checkpoint.tar"
FRAMES = [
    {"seed": 3, "edits": {"0": 0.0}, "hold": 0.2, "duration": 0.4},
    {"seed": 4, "edits": {"0": 2.0}},
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("animations")
    process("factorize", str(MODEL), "-k", "2", "-o", "pack", folder=place)
    (place / "keys.json").write_text(json.dumps({"loop": False, "frames": FRAMES}))
    return place


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_frames_are_counted_and_bytes_repeat(folder: Path, kind: str) -> None:
    for name in ("one", "two"):
        process(
            "render", str(MODEL), "pack", "--frames", "keys.json", "--fps", "10", "-o", f"{name}.{kind}", folder=folder
        )
    first, second = ((folder / f"{name}.{kind}").read_bytes() for name in ("one", "two"))
    assert first == second
    frames = KeyFrames.load(folder / "keys.json")
    with Image.open(folder / f"one.{kind}") as image:
        shown = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            shown.append((image.convert("RGB").tobytes(), image.info.get("duration", 0)))
    assert len({pixels for pixels, _ in shown}) >= 4  # it moves
    assert sum(length for _, length in shown) == pytest.approx(1000 * frames.count(10) / 10, abs=60)


def test_a_folder_holds_a_picture_for_each_moment(folder: Path) -> None:
    process("render", str(MODEL), "pack", "--frames", "keys.json", "--fps", "5", "-o", "stills", folder=folder)
    files = sorted((folder / "stills").glob("*.png"))
    assert len(files) == KeyFrames.load(folder / "keys.json").count(5)
    with Image.open(files[0]) as first, Image.open(files[-1]) as last:
        assert first.tobytes() != last.tobytes()


def test_key_frames_come_back_as_they_were_saved(tmp_path: Path) -> None:
    frames = KeyFrames.parse({"loop": True, "frames": FRAMES})
    for name in ("keys.json", "keys.yaml"):
        frames.save(tmp_path / name)
        assert KeyFrames.load(tmp_path / name) == frames


@pytest.mark.parametrize("damage", [{"sed": 3}, {"seed": -1}, {"hold": float("inf")}, {"edits": {"0": "much"}}])
def test_damaged_key_frames_are_one_line(damage: dict[str, object]) -> None:
    with pytest.raises(SefaError) as caught:
        KeyFrames.parse({"frames": [damage, {"seed": 1}]})
    assert "\n" not in str(caught.value)


def test_pictures_that_come_again_are_those_of_their_moment(folder: Path) -> None:
    """Whatever the batch: each frame is that of the code and the strength alone."""
    gan, pack = sefa.load(MODEL, device="cpu"), DirectionPack.from_pretrained(folder / "pack")
    frames = [{"seed": 3, "edits": {"0": strength}, "hold": 1.0, "duration": 0.0} for strength in (0.0, 3.0) * 3]
    keys = KeyFrames.parse({"loop": False, "frames": frames})
    code = gan.sample([3])
    ends = [gan.pixels(gan.synthesize(pack[0].shift(code, by)))[0] for by in (0.0, 3.0)]
    for batch in (1, 2, 3, 32):
        made = list(edit_frames(gan, pack, keys, fps=2, codes=code, batch=batch))
        assert len(made) == keys.count(2)
        for number, picture in enumerate(made):
            assert np.abs(picture.astype(int) - ends[min(number // 2, 5) % 2]).max() <= 1, (batch, number)
