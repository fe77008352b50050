"""What does a user see at the end? An HTML page, and pictures, sheets and animations of edits.

`strip`, `sheet`, `difference`, `comparison`, `animation` and `edit_frames` are for everybody; `builder.ReportBuilder`
takes pictures one after another and writes the page. Importing this package alone loads nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sefa_core.report.cases import Case as Case
    from sefa_core.report.cases import comparison as comparison
    from sefa_core.report.keyframes import KeyFrame as KeyFrame
    from sefa_core.report.keyframes import KeyFrames as KeyFrames
    from sefa_core.report.motion import animation as animation
    from sefa_core.report.motion import edit_frames as edit_frames
    from sefa_core.report.pictures import difference as difference
    from sefa_core.report.pictures import sheet as sheet
    from sefa_core.report.pictures import strip as strip

_HOME = {
    "Case": "sefa_core.report.cases",
    "KeyFrame": "sefa_core.report.keyframes",
    "KeyFrames": "sefa_core.report.keyframes",
    "animation": "sefa_core.report.motion",
    "comparison": "sefa_core.report.cases",
    "difference": "sefa_core.report.pictures",
    "edit_frames": "sefa_core.report.motion",
    "sheet": "sefa_core.report.pictures",
    "strip": "sefa_core.report.pictures",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
