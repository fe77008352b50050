"""Is a photograph upright, over white, cropped as asked - and is everything else refused in one line?"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import sefa_core as sefa
from sefa_core.invert.picture import crop_box, fitted, opened, target_of

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)


def two_halves(width: int = 40, height: int = 20) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (width // 2, 0, width, height))
    return image


def test_the_orientation_of_a_camera_is_respected(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn it a quarter to the right to look at it
    two_halves().save(tmp_path / "p.png", exif=exif)
    image = opened(tmp_path / "p.png")
    assert image.size == (20, 40) and image.getpixel((5, 2)) == RED and image.getpixel((5, 38)) == BLUE


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(mode: str, tmp_path: Path) -> None:
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (0, 0, 4, 8))
    image.convert(mode).save(tmp_path / "p.png")
    seen = opened(tmp_path / "p.png")
    assert seen.mode == "RGB" and seen.getpixel((1, 1)) == (0, 0, 0) and seen.getpixel((6, 6)) == WHITE


@pytest.mark.parametrize("mode", ["L", "1", "CMYK", "YCbCr", "I;16", "F"])
def test_other_kinds_of_colour_are_read(mode: str, tmp_path: Path) -> None:
    if mode == "I;16":
        image = Image.fromarray(np.full((6, 6), 65535, np.uint16))
    elif mode == "F":
        image = Image.fromarray(np.ones((6, 6), np.float32))
    else:
        image = Image.new("RGB", (6, 6), WHITE).convert(mode)
    # uncompressed, Pillow 12.3 cannot read its own YCbCr
    image.save(tmp_path / "p.tiff", compression="tiff_jpeg" if mode == "YCbCr" else None)
    assert opened(tmp_path / "p.tiff").getpixel((3, 3)) == WHITE


@pytest.mark.parametrize(
    ("crop", "box"),
    [("centre", (10, 0, 30, 20)), ("whole", (0, 0, 40, 20)), ("20,0,20", (20, 0, 40, 20)), ("0, 5,10", (0, 5, 10, 15))],
)
def test_crops(crop: str, box: tuple[int, int, int, int]) -> None:
    assert crop_box(crop, (40, 20), (16, 16)) == box


def test_a_crop_has_the_shape_of_the_picture_that_is_made() -> None:
    assert crop_box("centre", (100, 100), (64, 32)) == (25, 0, 75, 100)
    assert crop_box("0,0,10", (100, 100), (64, 32)) == (0, 0, 10, 20)
    assert crop_box("centre", (1, 500), (16, 16)) == (0, 249, 1, 250)


@pytest.mark.parametrize("crop", ["middle", "1,2", "-1,0,5", "30,0,20", "0,0,0", "1e9,0,1", "0,15,10"])
def test_other_crops_are_refused(crop: str) -> None:
    with pytest.raises(sefa.SefaError, match=r"^crop [^\n]*;?[^\n]*$"):
        crop_box(crop, (40, 20), (16, 16))


def test_pixels_are_those_of_the_crop() -> None:
    left = fitted(two_halves(), (8, 8), "0,0,20", 3)
    assert left.shape == (8, 8, 3) and (left == RED).all()
    assert fitted(two_halves(), (8, 8), "20,0,20", 1).shape == (8, 8, 1)


def test_the_same_picture_in_every_form_is_the_same_target(tiny: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    image = two_halves()
    image.save(tmp_path / "p.png")
    content = (tmp_path / "p.png").read_bytes()
    forms = [tmp_path / "p.png", str(tmp_path / "p.png"), content, image, np.asarray(image)]
    targets = [target_of(gan, form, (16, 16)) for form in forms]
    assert all(target.equal(targets[0]) for target in targets) and targets[0].shape == (1, 3, 16, 16)
    assert gan.pixels(targets[0][0])[0, 0].tolist() == list(RED)
    picture = gan.synthesize(gan.sample([1]))[0]
    assert target_of(gan, picture, (16, 16))[0].equal(picture)


def test_what_is_no_picture_is_refused_in_one_line(tiny: Path, tmp_path: Path) -> None:
    gan = sefa.load(str(tiny), device="cpu")
    (tmp_path / "text.png").write_text("no picture")
    (tmp_path / "empty.png").write_bytes(b"")
    stream = io.BytesIO()
    two_halves(400, 400).save(stream, "JPEG")
    (tmp_path / "cut.jpg").write_bytes(stream.getvalue()[:700])
    (tmp_path / "vector.eps").write_text("%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    wrong: list[object] = [
        tmp_path / "text.png",
        tmp_path / "empty.png",
        tmp_path / "cut.jpg",
        tmp_path / "vector.eps",
        tmp_path / "missing.png",
        tmp_path,
        "\0",
        b"\x89PNG\r\n\x1a\n",
        7,
        None,
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 7), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        gan.synthesize(gan.sample([1])).repeat(2, 1, 1, 1),
        gan.synthesize(gan.sample([1]))[0, :, :8] * float("nan"),
    ]
    for picture in wrong:
        with pytest.raises(sefa.SefaError) as caught:
            target_of(gan, picture, (16, 16))  # type: ignore[arg-type]
        assert "\n" not in str(caught.value) and ";" in str(caught.value), picture


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    for name, side in (("large.png", 11_000), ("huge.png", 30_000)):
        Image.new("1", (side, side)).save(tmp_path / name)  # a few kB
        with pytest.raises(sefa.SefaError, match="more than 100 million pixels; save it smaller"):
            opened(tmp_path / name)
