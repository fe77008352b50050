"""Which networks does a file have, which comes first, and what does `key` change?"""

from __future__ import annotations

from pathlib import Path

import pytest

from sefa_core.checkpoint import LoadOptions, open_checkpoint
from sefa_core.errors import SefaError

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


def key_error(path: Path) -> str:
    with pytest.raises(SefaError) as caught:
        open_checkpoint(path, LoadOptions(key="nothing"))
    return str(caught.value)


@pytest.mark.parametrize(
    ("names", "offered"),
    [
        # nested: what lies around the parts can be chosen too, and is what people mean
        (["G.mapping.w", "G.synthesis.w", "D.w"], "'G', 'G.mapping', 'G.synthesis', 'D'"),
        # flat: nothing but the names of the tensors tells of networks
        ([f"{part}/main.{i}" for part in ("gen", "disc") for i in range(4)], "'gen', 'disc'"),
        ([f"main/{i}.weight" for i in range(3)], None),
    ],
)
def test_a_wrong_key_is_answered_by_what_can_be_chosen(tmp_path: Path, names: list[str], offered: str | None) -> None:
    import torch

    tree: dict[str, object] = {}
    for name in names:
        *path, last = name.split(".") if "/" not in name else [name.replace("/", ".")]
        place = tree
        for part in path:
            place = place.setdefault(part, {})  # type: ignore[assignment]
        place[last] = torch.zeros(2)
    torch.save(tree, tmp_path / "x.pt")
    message = key_error(tmp_path / "x.pt")
    if offered is None:
        assert message.endswith("leave --key out, it has one network")
        return
    assert message.endswith(f"choose one of {offered}, or leave --key out")
    for key in offered.replace("'", "").split(", "):
        checkpoint = open_checkpoint(tmp_path / "x.pt", LoadOptions(key=key))
        assert checkpoint.network(checkpoint.networks[0])  # every one of them holds tensors
