"""The three questions that every GAN family answers: weights, latent space, pictures.

The agreement between core and families has a version, `PLUGIN_API`. What is promised for one version: hooks grow by
adding arguments, which an implementation need not take; dataclasses of `sefa_core.interfaces` grow by fields that have
defaults; `Synthesizer` grows by methods that are not abstract; `Checkpoint` and `StateDict` lose nothing. The number
is raised when a family that worked would stop working, and for nothing else. A family states the number that it was
made for as `sefa_plugin_api = 1` in its module; one that states nothing was made for 1. One that was made for another
number, or whose distribution requires another sefa-core, is listed by `sefa plugins` and not loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from sefa_core.checkpoint import Checkpoint
    from sefa_core.interfaces import Declined, LatentSpace, Synthesizer, WeightExtractor

PLUGIN_API = 1
"""Version of the agreement; a module of a family says which one it was made for in `sefa_plugin_api`."""

hookspec = pluggy.HookspecMarker("sefa")
hookimpl = pluggy.HookimplMarker("sefa")


@hookspec
def sefa_weight_extractor(checkpoint: Checkpoint) -> WeightExtractor | Declined | None:
    """By which matrices does the latent code enter this checkpoint?

    `checkpoint` is the opened file: names, shapes and dtypes of its tensors, and what the user said about it.

    Return a `WeightExtractor` to claim the checkpoint, `Declined("why")` when it is not of this
    family, or None when there is nothing to say about it. Decide by the names and shapes of tensors,
    never by the name of the file. Exactly one installed family must claim a checkpoint.

    Read no tensor here: the extractor reads matrices when they are asked for. Do not import torch.
    """


@hookspec
def sefa_latent_space(checkpoint: Checkpoint) -> LatentSpace:
    """Where do directions live, which row of a code does each layer read, how is a code drawn?

    Asked only of the family that claimed the checkpoint. Return numbers: the core draws, truncates
    and shifts codes by itself; `layer_rows` has one entry for each layer of the extractor. Read no
    tensor and do not import torch.
    """


@hookspec
def sefa_synthesizer(checkpoint: Checkpoint, device: str) -> Synthesizer:
    """How do codes become images?

    Asked only of the family that claimed the checkpoint. Build the network on `device` (a torch
    device string such as "cpu" or "cuda:0"), in float32 and evaluation mode, with every tensor from
    the checkpoint. Import torch inside the body; raise `SefaError` if a tensor is missing.
    """
