"""What does an image classifier see? Any model for image classification that transformers can load, as a predictor."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sefa_core.errors import SefaError
from sefa_core.files import printable
from sefa_core.foreign import shown

if TYPE_CHECKING:
    import torch

    from sefa_core.evaluate.predictors import Predictor


def classifier(name: str) -> Predictor:
    """The classifier `org/name` or `org/name@revision` of the Hub, or that of a folder: log-odds by label.

    Log-odds, `log p - log(1 - p)`, because a probability near 0 or 1 hardly moves, however much the picture changes.
    Pictures are brought to the side, mean and deviation that its preprocessor states. Code in the repository is never
    run.
    """
    try:
        import transformers
    except ImportError as problem:
        raise SefaError(
            f'predictor {name}: transformers cannot be imported ({problem}); pip install "sefa-core[eval]" brings it'
        ) from problem
    place, _, revision = (name, "", "") if Path(name).is_dir() else name.partition("@")
    options: dict[str, Any] = {"revision": revision} if revision else {}
    load = transformers.AutoModelForImageClassification.from_pretrained
    read = transformers.image_processing_utils.ImageProcessingMixin.get_image_processor_dict
    try:
        model: Any = load(place, trust_remote_code=False, **options)
        stated, _ = read(place, **options)
    except Exception as problem:  # of a dozen libraries below
        raise SefaError(
            f"predictor {printable(name)}: is no image classifier that transformers loads ({shown(problem)[:300]}); "
            "name one of the Hub as hf:org/name, or a folder"
        ) from problem
    model = model.eval().requires_grad_(False)
    side = _side(stated.get("crop_size") or stated.get("size"), model.config)
    mean, deviation = stated.get("image_mean", 0.5), stated.get("image_std", 0.5)
    labels = [str(model.config.id2label[number]) for number in range(model.config.num_labels)]
    unique = [label if labels.count(label) == 1 else f"{label} {number}" for number, label in enumerate(labels)]

    def predict(images: torch.Tensor) -> dict[str, torch.Tensor]:
        import torch
        import torch.nn.functional as functional

        values = (images[:, :3].float().to(model.device) + 1) / 2  # (n, C, H, W), 0 to 1
        values = values.expand(-1, 3, -1, -1)  # one grey channel becomes three
        values = functional.interpolate(values, side, mode="bicubic", antialias=True, align_corners=False).clamp(0, 1)
        centre, scale = (torch.tensor(numbers, device=values.device).reshape(-1, 1, 1) for numbers in (mean, deviation))
        with torch.inference_mode():
            logits = model(pixel_values=(values - centre) / scale).logits.float()  # (n, labels)
        odds = logits.double()
        if logits.shape[1] > 1 and model.config.problem_type != "multi_label_classification":
            total = odds.logsumexp(dim=1, keepdim=True)  # one label against all others together
            odds = odds - total - torch.log1p(-(odds - total).exp().clamp(max=1 - 1e-15))  # (n, labels)
        return {label: odds[:, number] for number, label in enumerate(unique)}

    return predict


def _side(stated: Any, config: Any) -> tuple[int, int]:
    """Height and width that the model takes."""
    if isinstance(stated, dict):
        if "height" in stated:
            return int(stated["height"]), int(stated["width"])
        stated = stated.get("shortest_edge")
    if not isinstance(stated, int):
        size = getattr(config, "image_size", 224)
        stated = size[0] if isinstance(size, list | tuple) else size
    return int(stated), int(stated)
