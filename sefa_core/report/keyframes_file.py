"""How do key frames lie on disk? As JSON or YAML, by the suffix; small, and only ever plain data."""

from __future__ import annotations

import json
from pathlib import Path

from sefa_core.errors import SefaError
from sefa_core.report.keyframes import SUFFIXES

MOST_BYTES = 4_000_000


def read(path: Path) -> object:
    """What the file holds: lists, mappings, texts and numbers."""
    import yaml

    _check_suffix(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SefaError(
                f"{path}: {path.stat().st_size} bytes are too many for key frames; give at most {MOST_BYTES}"
            )
        text = path.read_text(encoding="utf-8")
        content: object = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except OSError as problem:
        raise SefaError(f"{path}: cannot be read ({problem.strerror}); give a file of key frames") from problem
    except (ValueError, RecursionError, yaml.YAMLError) as problem:
        place = " ".join(str(problem).split())[:120]
        raise SefaError(f"{path}: is no {path.suffix[1:].upper()} ({place}); correct it there") from problem
    return content


def write(path: Path, content: dict[str, object]) -> Path:
    """Write the mapping and return the path."""
    import yaml

    from sefa_core.files import whole_file

    _check_suffix(path)
    if path.suffix.lower() == ".json":
        text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    else:
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in SUFFIXES:
        raise SefaError(f"{path}: key frames end in {', '.join(SUFFIXES)}; rename it")
