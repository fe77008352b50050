"""Does code of a family that fails, or answers nonsense, end in one line that names it, and hurt nobody else?"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import sefa_core as sefa
from sefa_core.foreign import PluginError
from sefa_core.hookspecs import hookimpl
from sefa_core.interfaces import Codes, LatentSpace, Layer, Synthesizer, WeightExtractor
from sefa_core.plugins import Families, new_manager

SPACE = LatentSpace("z", 12, 1, 12, (0,), std=1.0)


class Picture(Synthesizer):
    """z, painted on 16 px."""

    def encode(self, z: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor:
        return z[:, None]

    def synthesize(self, codes: Codes) -> torch.Tensor:
        return codes.rows[:, :, :1, None].expand(-1, 3, 16, 16)

    def layer_output(self, index: int, codes: Codes) -> torch.Tensor:
        return codes.rows[:, 0, :5]


def failing(problem: BaseException) -> Callable[..., Any]:
    def fail(*arguments: object) -> Any:
        raise problem

    return fail


def plugin(weights: object = None, space: object = SPACE, synthesizer: object = None) -> object:
    """A plugin whose hooks answer what is given, or call it."""

    def answer(given: object, *arguments: object) -> object:
        return given(*arguments) if callable(given) and not isinstance(given, Synthesizer) else given

    class Plugin:
        @hookimpl
        def sefa_weight_extractor(self, checkpoint: object) -> object:
            return answer(weights or extractor, checkpoint)

        @hookimpl
        def sefa_latent_space(self, checkpoint: object) -> object:
            return answer(space)

        @hookimpl
        def sefa_synthesizer(self, checkpoint: object, device: str) -> object:
            return answer(synthesizer or Picture)

    return Plugin()


def extractor(checkpoint: Any) -> WeightExtractor:
    matrix = np.random.RandomState(0).randn(5, 12).astype(np.float32)
    layer = Layer(0, "first", 5, 12, kind="dense")
    return WeightExtractor("mine", "test", "", 16, (layer,), lambda layer: matrix, checkpoint.tensors)


def loaded(tiny: Path, **answers: object) -> sefa.Generator:
    families = Families(new_manager())
    families.register("mine", lambda: plugin(**answers), distribution="sefa-mine")
    return sefa.load(str(tiny), families=families, device="cpu")


def test_the_toy_works(tiny: Path) -> None:
    gan = loaded(tiny)
    assert gan.pixels(gan.synthesize(gan.sample([0]))).shape == (1, 16, 16, 3)
    assert len(gan.factorize(k=2)) == 2
    assert isinstance(gan.synthesizer.own, Picture) and not isinstance(gan.synthesizer, Picture)


WRONG_SPACES = {
    "None": (None, "sefa_latent_space gave NoneType, not a LatentSpace"),
    "a dict": ({"name": "z"}, "gave dict, not a LatentSpace"),
    "a failure": (failing(KeyError("w_dim")), r"sefa_latent_space failed \(KeyError: 'w_dim'\)"),
    "an exit": (failing(SystemExit("bye")), r"sefa_latent_space failed \(SystemExit: bye\)"),
    "another width": (LatentSpace("z", 7, 1, 7, (0,)), "the space is 7 wide, its layers read 12"),
    "other layers": (LatentSpace("z", 12, 1, 12, (0, 0)), "layer_rows has 2 entries for 1 layers"),
}


@pytest.mark.parametrize("wrong", WRONG_SPACES)
def test_a_wrong_space_names_the_family(wrong: str, tiny: Path) -> None:
    space, message = WRONG_SPACES[wrong]
    with pytest.raises(PluginError, match=rf"^tiny.pth: mine \(sefa-mine\): .*{message}") as caught:
        loaded(tiny, space=space)
    if callable(space):
        assert isinstance(caught.value.__cause__, KeyError | SystemExit)


WRONG_NETWORKS: dict[str, tuple[object, str]] = {
    "None": (lambda: None, "sefa_synthesizer gave NoneType, not a Synthesizer"),
    "a failure": (failing(ImportError("no module named torchvision")), r"failed \(ImportError: no module named torchv"),
    "an exit": (failing(SystemExit(3)), r"failed \(SystemExit: 3\)"),
}


@pytest.mark.parametrize("wrong", WRONG_NETWORKS)
def test_a_wrong_network_names_the_family(wrong: str, tiny: Path) -> None:
    gan = loaded(tiny, synthesizer=WRONG_NETWORKS[wrong][0])
    assert len(gan.factorize(k=1)) == 1  # directions need no network
    with pytest.raises(PluginError, match=rf"mine \(sefa-mine\): .*{WRONG_NETWORKS[wrong][1]}"):
        gan.sample([0])


def with_methods(**methods: Callable[..., Any]) -> Callable[[], Synthesizer]:
    return lambda: type("Odd", (Picture,), {name: staticmethod(method) for name, method in methods.items()})()


WRONG_METHODS: dict[str, tuple[dict[str, Callable[..., Any]], str]] = {
    "encode fails": ({"encode": failing(IndexError("7"))}, r"encode failed \(IndexError: 7\)"),
    "encode gives z": ({"encode": lambda z, labels: z}, "encode gave 1 x 12, declared 1 x 1 x 12"),
    "synthesize exits": ({"synthesize": failing(SystemExit(1))}, r"synthesize failed \(SystemExit: 1\)"),
    "synthesize gives an array": ({"synthesize": lambda codes: np.zeros(3)}, "synthesize gave ndarray, not a tensor"),
    "one picture too many": (
        {"synthesize": lambda codes: torch.zeros(2, 3, 16, 16)},
        "synthesize gave 2 x 3 x 16 x 16, declared 1 x 3 x any x any",
    ),
}


@pytest.mark.parametrize("wrong", WRONG_METHODS)
def test_a_wrong_method_names_the_family(wrong: str, tiny: Path) -> None:
    methods, message = WRONG_METHODS[wrong]
    gan = loaded(tiny, synthesizer=with_methods(**methods))
    with pytest.raises(PluginError, match=rf"mine \(sefa-mine\): {message}"):
        gan.synthesize(gan.sample([0]))


def test_what_a_family_says_itself_passes(tiny: Path) -> None:
    own = sefa.SefaError("tiny.pth: no tensor 'const'; use another file")
    with pytest.raises(sefa.SefaError, match=r"^tiny.pth: no tensor 'const'; use another file$") as caught:
        loaded(tiny, space=failing(own))
    assert caught.value is own


def test_want_of_memory_is_nobodys_mistake(tiny: Path) -> None:
    no_memory = RuntimeError("[enforce fail at alloc_cpu.cpp:118] DefaultCPUAllocator: can't allocate memory")
    gan = loaded(tiny, synthesizer=with_methods(synthesize=failing(no_memory)))
    with pytest.raises(sefa.SefaError, match="32 pictures at a time do not fit; use a smaller batch"):
        gan.synthesize(gan.sample([0]))
    gan = loaded(tiny, synthesizer=failing(MemoryError()))
    with pytest.raises(sefa.SefaError, match="its network does not fit on cpu"):
        gan.sample([0])


WRONG_CLAIMS: dict[str, tuple[object, str]] = {
    "a dict": ({"layers": 3}, "sefa_weight_extractor gave dict, not a WeightExtractor, Declined or None"),
    "another family": (
        lambda c: replace(extractor(c), family="other"),
        "its extractor is of the family 'other', its entry point is called 'mine'",
    ),
    "no layers": (lambda c: replace(extractor(c), layers=()), "its extractor has no layers"),
    "numbers from 1": (lambda c: replace(extractor(c), layers=(Layer(1, "a", 5, 12),)), r"layers are numbered \[1\]"),
    "no size": (lambda c: replace(extractor(c), resolution=0), "3 channels of 0 px"),
    "a wrong type": (lambda c: replace(extractor(c), layers=3), r"its extractor is malformed \(TypeError"),
    "an exit": (failing(SystemExit("no")), r"it failed \(SystemExit: no\)"),
}


@pytest.mark.parametrize("wrong", WRONG_CLAIMS)
def test_a_wrong_claim_is_told_among_the_reasons(wrong: str, tiny: Path) -> None:
    weights, message = WRONG_CLAIMS[wrong]
    with pytest.raises(sefa.SefaError) as caught:
        loaded(tiny, weights=weights)
    said = " ".join(getattr(caught.value, "declined", {}).values()) + str(caught.value)
    assert re.search(message, said), said


def test_a_plugin_with_a_wrong_claim_counts_as_broken_from_then(tiny: Path) -> None:
    families = Families(new_manager())
    families.register("mine", lambda: plugin(weights={"layers": 3}), distribution="sefa-mine")
    assert families.names() == ["mine"]
    with pytest.raises(sefa.SefaError):
        sefa.load(str(tiny), families=families)
    assert families.names() == []
    with pytest.raises(sefa.SefaError, match=r"family 'mine' \(sefa-mine\) is broken: sefa_weight_extractor gave dict"):
        sefa.load(str(tiny), families=families, family="mine")


def test_a_matrix_that_is_not_what_its_layer_declares(tiny: Path) -> None:
    for matrix, message in [
        (lambda layer: np.zeros((5, 3), np.float32), r"the matrix of layer 0 is \(5, 3\), declared \(5, 12\)"),
        (lambda layer: None, "the matrix of layer 0 is None"),
        (failing(KeyError("first")), r"reading the matrix of layer 0 \(first\) failed \(KeyError"),
    ]:
        gan = loaded(tiny, weights=lambda c, matrix=matrix: replace(extractor(c), matrix=matrix))
        with pytest.raises(PluginError, match=rf"mine \(sefa-mine\): {message}"):
            gan.factorize(k=1)


def test_a_plugin_that_claims_everything_beside_the_right_one(tiny: Path) -> None:
    families = Families(new_manager())
    families.register("mine", lambda: plugin(), distribution="sefa-mine")
    families.register("all", lambda: plugin(weights=lambda c: replace(extractor(c), family="all")), distribution="grab")
    with pytest.raises(sefa.SefaError, match=r"claimed by all \(grab\) and by mine \(sefa-mine\); choose .* --family"):
        sefa.load(str(tiny), families=families)
    assert sefa.load(str(tiny), families=families, family="mine").family == "mine"
    assert families.greedy() == {"all": "claims every file", "mine": "claims every file"}


def test_a_broken_plugin_holds_no_name() -> None:
    families = Families(new_manager())
    families.register("mine", failing(ImportError("gone")), distribution="sefa-old")
    families.register("mine", lambda: plugin(), distribution="sefa-new")
    assert families.names() == ["mine"] and families.plugin("mine").distribution == "sefa-new"
    assert [p.error for p in families.plugins] == ["ImportError: gone", None]
