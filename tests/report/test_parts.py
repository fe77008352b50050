"""Do labels, sheets, heat maps, spectra and thumbnails say what they should?"""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from sefa_core.errors import SefaError
from sefa_core.report.heat import ANCHORS, ChangeMap, colour
from sefa_core.report.labels import strength_labels
from sefa_core.report.pictures import sheet, strip
from sefa_core.report.spectrum import axes
from sefa_core.report.tiles import as_picture, data_uri, plan, resize

from .toys import picture


@pytest.mark.parametrize(
    ("strengths", "labels"),
    [
        ((-3.0, 0.0, 3.0), ["-3", "0", "+3"]),
        ((-3.0, -1.5, 0.0, 1.5, 3.0), ["-3.0", "-1.5", "0", "+1.5", "+3.0"]),
        (tuple(np.linspace(-3, 3, 9)[3:6]), ["-0.75", "0", "+0.75"]),
        ((-0.02, -0.01, 0.0), ["-0.02", "-0.01", "0"]),
        ((0.0,), ["0"]),
        ((-1e-05, 0.0, 1e-05), ["-1e-05", "0", "+1e-05"]),
        ((-0.00004, -0.00002, 0.0, 0.00002, 0.00004), ["-4e-05", "-2e-05", "0", "+2e-05", "+4e-05"]),
        ((-999999.0, 0.0, 999999.0), ["-999999", "0", "+999999"]),
    ],
)
def test_strengths_get_as_many_decimals_as_they_need(strengths: tuple[float, ...], labels: list[str]) -> None:
    assert strength_labels(strengths) == labels


def test_a_sheet_is_as_large_as_its_pictures_and_labels() -> None:
    tile = picture(0, 0, 1.0, side=150)
    bare = sheet([[tile] * 3] * 2)
    assert 3 * 150 < bare.width < 3 * 150 + 80 and bare.width - bare.height == 150 + 3  # a picture and a gap
    labelled = sheet([[tile] * 3] * 2, ["seed 0", "seed 1"], ["-1", "0", "+1"], title="a title", note="a note")
    assert labelled.width > bare.width and labelled.height > bare.height
    assert strip([tile] * 3, ["-1", "0", "+1"]).height > strip([tile] * 3).height


def test_a_sheet_shows_the_pictures_themselves() -> None:
    tile = picture(0, 0, 1.0, side=150)
    drawn = np.asarray(sheet([[tile]]))
    edge = (drawn.shape[0] - 150) // 2
    assert (drawn[edge:-edge, edge:-edge] == tile).all() and (drawn[:edge] == 255).all()


def test_sheets_enlarge_small_pictures_and_bound_large_ones() -> None:
    margins = sheet([[picture(0, 0, 1.0, side=128)]]).width - 128
    assert sheet([[picture(0, 0, 1.0, side=16)]]).width == 128 + margins
    assert 192 < sheet([[picture(0, 0, 1.0, side=512)]]).width < 192 + 80
    many = sheet([[picture(0, 0, 1.0)] * 60] * 60)
    assert many.width * many.height < 60_000_000


def test_sheets_take_grey_pictures_ragged_rows_and_any_name() -> None:
    grey = picture(0, 0, 1.0, channels=1)
    name = "Kopfdrehung \N{LATIN SMALL LETTER E WITH ACUTE} \N{CJK UNIFIED IDEOGRAPH-4E2D} " * 20
    drawn = sheet([[grey, grey[:, :, 0]], [picture(0, 0, 1.0)]], [name, "b"], [name, ""], title=name, note=name)
    assert drawn.mode == "RGB" and drawn.width < 128 * 2 + 400


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(SefaError, match="there are no pictures"):
        sheet([[]])


def test_the_change_map_is_the_mean_over_pictures_and_channels() -> None:
    change = ChangeMap()
    black = np.zeros((2, 2, 3), np.uint8)
    edited = black.copy()
    edited[0, 0] = (255, 0, 0)
    change.add(edited, black)
    change.add(black, black)
    np.testing.assert_allclose(change.mean((2, 2)), [[1 / 6, 0], [0, 0]], rtol=1e-6)
    assert ChangeMap().mean((2, 3)).shape == (2, 3)


def test_the_colours_rise_in_lightness_from_the_first_anchor_to_the_last() -> None:
    ramp = colour(np.linspace(0, 1, 64)[None], 1.0)[0].astype(float)
    assert tuple(ramp[0]) == ANCHORS[0] and tuple(ramp[-1]) == ANCHORS[-1]
    lightness = ramp @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > 0).all()
    assert (colour(np.zeros((2, 2)), 0.0) == ANCHORS[0]).all()


def test_the_spectrum_has_one_bar_for_each_value_and_marks_the_shown() -> None:
    linear, log = axes((4.0, 2.0, 1.0, 0.0), {0, 2})
    assert linear.shown.count("M") == 2 and linear.others.count("M") == 2
    assert linear.shown.startswith("M0.00 1000v-1000.0")
    assert [tick.label for tick in linear.ticks] == ["0", "2", "4"]
    assert log.ticks and all(0 <= tick.top <= 100 for tick in (*linear.ticks, *log.ticks))


@pytest.mark.parametrize("values", [(1.0,), (0.0, 0.0), (5.0, 5.0, 5.0), (1e-9, 1e-12)])
def test_odd_spectra_can_be_drawn(values: tuple[float, ...]) -> None:
    for axis in axes(values, {0}):
        assert "nan" not in axis.shown + axis.others and "inf" not in axis.shown + axis.others


def test_thumbnails_follow_resolution_and_number() -> None:
    assert plan(64, 325).side == 64
    assert plan(1024, 325).side == 320
    assert plan(1024, 10_000).side < 128
    assert resize(picture(0, 0, 1.0, side=100)[:50], 40).shape == (20, 40, 3)


def test_small_pictures_are_stored_without_loss() -> None:
    tile = picture(0, 3, 1.0, side=64)
    encoded = base64.b64decode(data_uri(tile, 30_000).partition(",")[2])
    assert (np.asarray(Image.open(io.BytesIO(encoded)).convert("RGB")) == tile).all()
    assert len(data_uri(tile, 2_000)) < len(data_uri(tile, 30_000))


@pytest.mark.parametrize("resolution", [32, 64, 96, 128, 256, 512, 1024])
def test_noise_of_any_resolution_fits_into_the_page(resolution: int) -> None:
    count = 5 * (8 * 8 + 1)  # the defaults: samples, directions, strengths, one unedited
    storage = plan(resolution, count)
    noise = np.random.RandomState(0).randint(0, 256, (resolution, resolution, 3)).astype(np.uint8)
    assert len(data_uri(resize(noise, storage.side), storage.tile_bytes)) * count < 14_000_000


def test_an_alpha_channel_is_shown_over_white() -> None:
    pixels = np.zeros((1, 3, 4), np.uint8)
    pixels[0, :, :3] = (200, 100, 0)
    pixels[0, :, 3] = (0, 51, 255)
    np.testing.assert_array_equal(as_picture(pixels)[0], [(255, 255, 255), (244, 224, 204), (200, 100, 0)])
