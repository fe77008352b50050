"""Which classes, found in published checkpoints, become inert placeholders: file facts, one reason each.

None of these is ever imported; a placeholder records what the file hands to the class and nothing more.
A name that ends in "." stands for everything below that module.
"""

from __future__ import annotations

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
    "torch.nn.utils.spectral_norm.": "hooks on such layers",
    "torch.nn.parallel.": "wrappers around such layers",
    "torch.optim.": "optimisers and schedules, pickled as objects",
    "torch.cuda.amp.": "loss scalers",
    "torch.amp.": "loss scalers",
    "torch.storage._load_from_bytes": "tensors of a pickle that torch.save did not write",
    "torch._utils._rebuild_sparse_tensor": "sparse tensors",
    "torch.serialization._get_layout": "an argument of sparse tensors",
    "torch._utils._rebuild_qtensor": "quantised tensors",
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
    "datetime.": "the time at which a file was written",
    "builtins.slice": "ranges of indices among settings",
    "builtins.range": "ranges of indices among settings",
    "builtins.complex": "complex numbers among settings",
    "numpy.random.": "states of random generators",
}
"""Everything else that occurs."""
