"""Which networks does a file have, which comes first, and what does `key` change?"""

from __future__ import annotations

from pathlib import Path

import pytest

from sefa_core.checkpoint import LoadOptions, open_checkpoint

from .build import mapping, tensor, torch_zip

ONE = tensor((4,), (1,))


def saved(tmp_path: Path, tree: bytes) -> Path:
    return torch_zip(tmp_path / "file.zip", tree, {"data/0": bytes(16)})


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (["d", "g", "g_ema"], ["g_ema", "g", "d"]),
        (["netD", "netG", "avgG"], ["avgG", "netG", "netD"]),
        (["discriminator", "generator", "generator_smooth"], ["generator_smooth", "generator", "discriminator"]),
        (["netD_state_dict", "netG_state_dict"], ["netG_state_dict", "netD_state_dict"]),
        (["second", "first"], ["second", "first"]),
        (["optimizer", "other", "GENERATOR"], ["GENERATOR", "other", "optimizer"]),
    ],
)
def test_order(tmp_path: Path, names: list[str], best: list[str]) -> None:
    path = saved(tmp_path, mapping({name: mapping({"w": ONE}) for name in names}))
    assert open_checkpoint(path).networks == tuple(best)


def test_parts_of_a_discriminator_are_last_and_optimisers_left_out(tmp_path: Path) -> None:
    optimiser = mapping({"state": mapping({"0": mapping({"exp_avg": ONE})}), "param_groups": b"]"})
    tree = mapping({"D": mapping({"ema": mapping({"w": ONE})}), "opt_g": optimiser, "x": mapping({"w": ONE}), "t": ONE})
    checkpoint = open_checkpoint(saved(tmp_path, tree))
    assert checkpoint.networks == ("", "x", "D.ema")
    assert list(checkpoint.tensors) == ["D.ema.w", "opt_g.state.0.exp_avg", "x.w", "t"]


def test_lists_are_networks_too(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(saved(tmp_path, mapping({"g_ema": b"](" + ONE + ONE + b"e"})))
    assert checkpoint.networks == ("g_ema",)
    assert list(checkpoint.network("g_ema")) == ["0", "1"]


def test_network_gives_names_without_the_prefix(tmp_path: Path) -> None:
    tree = mapping({"g": mapping({"a.b": ONE, "more": mapping({"c": ONE})}), "g2": mapping({"d": ONE})})
    checkpoint = open_checkpoint(saved(tmp_path, tree))
    assert list(checkpoint.network("g")) == ["a.b", "more.c"]
    assert list(checkpoint.network("")) == ["g.a.b", "g.more.c", "g2.d"]
    assert checkpoint.network("g").read("more.c").tolist() == [0, 0, 0, 0]


def test_key_chooses(tmp_path: Path, line) -> None:
    path = saved(tmp_path, mapping({"g": mapping({"w": ONE}), "g_ema": mapping({"w": ONE})}))
    assert open_checkpoint(path, LoadOptions(key="g")).networks == ("g",)
    assert open_checkpoint(path, LoadOptions(key="")).networks == ("",)
    message = line(lambda: open_checkpoint(path, LoadOptions(key="G_ema")))
    assert "no network 'G_ema'" in message and "choose one of 'g_ema', 'g'" in message


def test_two_tensors_of_one_name(tmp_path: Path, line) -> None:
    path = saved(tmp_path, mapping({"a.b": mapping({"c": ONE}), "a": mapping({"b.c": ONE})}))
    assert "two tensors are called a.b.c" in line(lambda: open_checkpoint(path))
