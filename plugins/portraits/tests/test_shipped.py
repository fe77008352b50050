"""Are the networks that ship what their records and the page about them say?"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import torch
from sefa_portraits.factors import FACTORS, NAMES, sample
from sefa_portraits.page import filled, tables
from sefa_portraits.predictor import WEIGHTS, load
from sefa_portraits.release import GENERATOR, MOST_BYTES, MOST_ERROR
from sefa_portraits.renderer import render

import sefa_core as sefa
from sefa_core.checkpoint import open_checkpoint

PAGE = Path(__file__).parents[3] / "docs" / "portraits.md"
FRESH = 77 << 40
"""A seed that nothing else uses."""

has_predictor = pytest.mark.skipif(not WEIGHTS.exists(), reason="predictor.safetensors is not in this distribution")
has_generator = pytest.mark.skipif(not GENERATOR.exists(), reason="portraits64.safetensors is not in this distribution")


@has_predictor
def test_the_predictor_is_small_and_good_by_its_own_account() -> None:
    scores = json.loads(open_checkpoint(WEIGHTS).metadata["held_out"])
    assert set(scores) == set(NAMES) and min(scores.values()) > 0.95
    assert WEIGHTS.stat().st_size <= 1 << 20


@has_predictor
@pytest.mark.parametrize("size", [64, 128])
def test_the_predictor_reads_the_factors_of_fresh_renders(size: int) -> None:
    told = json.loads(open_checkpoint(WEIGHTS).metadata["held_out"])
    factors = sample(384, FRESH)
    found = load().predict(render(factors, size))
    for number, factor in enumerate(FACTORS):
        truth, guess = factors[:, number], found[:, number]
        if factor.binary:
            assert torch.equal(guess > 0.5, truth > 0.5)
            continue
        score = 1 - float((guess - truth).square().mean() / truth.var(unbiased=False))
        assert score > 0.95, factor.name
        assert size != 64 or score == pytest.approx(told[factor.name], abs=0.01)


@has_predictor
def test_the_predictor_can_fail() -> None:
    factors = sample(128, FRESH)
    found = load().predict(render(factors.flip(0)))
    assert (found - factors).square().mean() > 0.1


@has_generator
def test_the_generator_is_that_of_its_record() -> None:
    record = json.loads(GENERATOR.with_suffix(".json").read_text(encoding="utf-8"))
    content = GENERATOR.read_bytes()
    assert (record["sha256"], record["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert len(content) <= MOST_BYTES
    header = open_checkpoint(GENERATOR).metadata
    assert header["licence"] == record["licence"] == "MIT"
    assert json.loads(header["training"]) == {name: record[name] for name in ("pictures", "seconds", "recipe")}
    assert record["precision"] == "float32" or record["half_precision_error"] <= MOST_ERROR
    seen = [point["pictures"] for point in record["curve"]]
    assert seen == sorted(set(seen)) and seen[-1] <= record["pictures"] * 1.05


@has_generator
@has_predictor
def test_portraits64_draws_portraits() -> None:
    """Nearer to renders than to anything else: each factor is there, and spreads."""
    gan = sefa.load("portraits64", device="cpu")
    assert (gan.family, gan.resolution, gan.name) == ("stylegan2", 64, "portraits64")
    pictures = gan.synthesize(gan.sample(seeds=range(128)))
    assert torch.isfinite(pictures).all()
    found = load().predict(pictures.clamp(-1, 1))  # (128, 12)
    assert (found.std(dim=0) > 0.4 * sample(4096, 1).std(dim=0)).all()
    assert ((found > -0.3) & (found < 1.3)).float().mean() > 0.98
    pack = gan.factorize(layers="0-1", k=2)
    moved = gan.synthesize(pack[0].shift(gan.sample(seeds=[0]), 2.0))
    assert not torch.allclose(moved, pictures[:1])


@has_generator
@has_predictor
def test_the_page_says_what_is_shipped() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text) == text, "run `python -m sefa_portraits.page docs`"
    assert all(f"<!-- {name} -->" in text for name in tables())
    assert filled(text.replace("`yaw`", "`jaw`")) == text


@has_predictor
@has_generator
def test_the_directions_that_ship_move_what_they_are_called() -> None:
    from sefa_core.evaluate.effects import spreads
    from sefa_core.evaluate.predictors import predictor_named
    from sefa_core.evaluate.search import slopes

    gan = sefa.load("portraits64", device="cpu")
    pack = sefa.DirectionPack.from_pretrained("portraits64-factors")
    gan.check(pack)  # of these very weights
    judge = predictor_named(("portraits",))
    codes = gan.sample(seeds=range(24))
    scores = load().predict(gan.synthesize(codes).clamp(-1, 1)).numpy()  # (24, 12)
    for direction in pack:
        effect = slopes(gan, direction, codes, judge, NAMES) / spreads(scores)  # (12,)
        assert NAMES[abs(effect).argmax()] == direction.name and effect.max() > 0.1
