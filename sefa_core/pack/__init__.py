"""Direction packs: values with algebra, how they are combined and compared, and how they lie on disk."""

from __future__ import annotations

from sefa_core.pack.direction import Direction as Direction
from sefa_core.pack.direction_pack import DirectionPack as DirectionPack
from sefa_core.pack.direction_pack import refuse_too_many as refuse_too_many
from sefa_core.pack.space import ModelInfo as ModelInfo
from sefa_core.pack.space import Space as Space
from sefa_core.pack.space import check_name as check_name
from sefa_core.pack.space import refuse_other_model as refuse_other_model
