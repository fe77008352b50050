"""Reads checkpoints without running them: index first, tensors on demand, every number in the file checked."""

from sefa_core.checkpoint.checkpoint import Checkpoint, LoadOptions
from sefa_core.checkpoint.opening import open_checkpoint
from sefa_core.checkpoint.state import StateDict, TensorInfo

__all__ = ["Checkpoint", "LoadOptions", "StateDict", "TensorInfo", "open_checkpoint"]
