"""Which classes, found in published checkpoints, become inert placeholders: file facts, one reason each.

None of these is ever imported; a placeholder records what the file hands to the class and nothing more.
A name that ends in "." stands for everything below that module; of that, only what is named like a class may be called.
"""

from __future__ import annotations

from sefa_core.checkpoint.standins import ForeignClass

SETTINGS = {
    "argparse.Namespace": "command-line arguments in training files",
    "types.SimpleNamespace": "settings in training files",
    "models.utils.config.BaseConfig": "settings of progressive-growing models from the GAN zoo",
    "dnnlib.util.EasyDict": "settings in network pickles",
    "easydict.EasyDict": "settings in training files",
    "munch.Munch": "settings in training files",
    "addict.addict.Dict": "settings in training files",
    "mmcv.utils.config.ConfigDict": "settings in training files of the OpenMMLab programs",
    "mmengine.config.config.ConfigDict": "the same, newer",
}
"""Objects whose attributes are plain settings; their scalars are shown."""

OBJECTS = {
    "torch.nn.modules.": "whole layers, pickled as objects",
    "torch.nn.utils.": "hooks on such layers, such as spectral norm",
    "torch.nn.parallel.": "wrappers around such layers",
    "torch.optim.": "optimisers and schedules, pickled as objects",
    "torch.cuda.amp.": "loss scalers",
    "torch.amp.": "loss scalers",
    "torch.storage._load_from_bytes": "tensors of a pickle that torch.save did not write",
    "torch._utils._rebuild_sparse_tensor": "sparse tensors",
    "torch.serialization._get_layout": "an argument of sparse tensors",
    "torch._utils._rebuild_qtensor": "quantised tensors",
    "torch.nn.functional.": "activations among the attributes of layers",
    "torch.nn.init.": "the same of initialisations",
    "torch._C._nn.": "activations that are written in C",
    "torch.utils.data.": "data sets and samplers in training files",
    "torch_utils.persistence._reconstruct_persistent_obj": "networks of network pickles",
    "dnnlib.tflib.network.Network": "networks of TensorFlow pickles",
    "tfutil.Network": "networks of older TensorFlow pickles",
    "functools.partial": "settings of layers, pickled with them",
    "pg_modules.": "generators and discriminators with a pretrained feature network",
    "timm.": "feature networks inside discriminators",
    "torchvision.": "feature networks and image transforms",
    "models.": "networks of projects with a `models` folder",
    "model.": "networks of projects with a single `model` file",
    "networks.": "networks of projects with a `networks` folder",
    "layers.": "activations in the BigGAN training states",
    "training.": "networks and losses of projects with a `training` folder",
    "omegaconf.": "settings in training files, in nested objects",
    "yacs.config.CfgNode": "settings in training files, in nested objects",
    "pathlib.": "paths among the arguments of a training run",
    "datetime.date": "when a file was written",
    "datetime.datetime": "when a file was written",
    "datetime.timedelta": "how long training took",
    "builtins.slice": "ranges of indices among settings",
    "builtins.range": "ranges of indices among settings",
    "builtins.complex": "complex numbers among settings",
    "builtins.object": "what objects of plain classes are made from",
    "numpy.random.": "states of random generators",
    "numpy.random._pickle.__randomstate_ctor": "states of random generators",
    "numpy.random._pickle.__generator_ctor": "states of random generators",
    "numpy.random._pickle.__bit_generator_ctor": "states of random generators",
    "dill._dill._create_function": "hooks of feature networks, which dill writes as code; it is never looked at",
    "dill._dill._create_code": "the code of such hooks",
    "dill._dill._create_cell": "the variables of such hooks",
    "dill._dill._create_ftype": "functools.partial, older",
    "dill._dill._create_type": "classes that a training program defined while it ran",
    "dill._dill._create_namedtuple": "the same, of named tuples",
    "dill._dill._import_module": "modules by name",
    "dill._dill._eval_repr": "the ellipsis",
    "dill._dill._setattr": "how the variables of such hooks get their values",
}
"""Everything else that occurs."""

TYPES = frozenset(f"builtins.{name}" for name in ("int", "float", "bool", "str", "type", "property", "Exception"))
"""Python's own types among settings, as arguments; never called."""

DILL_TYPES = frozenset({"MethodType", "PartialType", "FunctionType", "CodeType", "CellType", "ModuleType"})
"""Types that dill writes under a name of its own and that a file may call."""


def foreign_class(full: str) -> ForeignClass | None:
    """The placeholder for a class, or function, of this list; None for all others."""
    if full in SETTINGS:
        return ForeignClass(full, transparent=True)
    if full in OBJECTS:
        return ForeignClass(full, transparent=False)
    if full in TYPES:
        return ForeignClass(full, transparent=False, known=False)
    if any(known.endswith(".") and full.startswith(known) for known in OBJECTS):
        return ForeignClass(full, transparent=False, known=full.rpartition(".")[2].lstrip("_")[:1].isupper())
    return None
