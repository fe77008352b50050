"""Which code makes a picture most like a photograph? `gan.invert(picture)`, or `invert_steps` to watch."""

from sefa_core.invert.inversion import Inversion, invert, spaces
from sefa_core.invert.picture import opened
from sefa_core.invert.search import Step, invert_steps

__all__ = ["Inversion", "Step", "invert", "invert_steps", "opened", "spaces"]
