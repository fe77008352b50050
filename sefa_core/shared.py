"""What do the edits of one sample have in common? All features before the first step that reads an edited row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from sefa_core.interfaces import Codes, Synthesizer

if TYPE_CHECKING:
    import torch

KEPT_BYTES = 512 << 20
"""What features of samples may take, that later directions need again."""

State = tuple["torch.Tensor", ...]
"""What is there between two steps, for one sample: tensors `(1, ...)`."""


class SharedFeatures:
    """Pictures of edited samples, each computed from where its edit begins to matter.

    Features of a sample are kept for later directions as long as there is room, and else for as long as one picture
    after another needs them. A network without stages makes every picture whole.
    """

    def __init__(self, network: Synthesizer, codes: Codes, kept_bytes: int = KEPT_BYTES) -> None:
        self._network, self._codes, self._room = network, codes, kept_bytes
        self._stages = network.stages
        self._kept: dict[tuple[int, int], State] = {}  # by sample and step
        self._latest: dict[tuple[int, int], State] = {}

    def begin(self, rows: Collection[int]) -> int:
        """The first step that reads one of `rows`; 0 where nothing can be shared."""
        reads = [number for number, stage in enumerate(self._stages) if stage.rows & set(rows)]
        return min(reads, default=0)

    def synthesize(self, samples: Sequence[int], edited: Codes, begin: int) -> torch.Tensor:
        """Pictures `(n, C, H, W)` of `edited`; code `i` is sample `samples[i]` but for rows that steps before `begin`
        do not read."""
        if begin == 0:
            return self._network.synthesize(edited)
        import torch

        states = self._states(samples, begin)
        together = tuple(torch.cat(parts) for parts in zip(*(states[s] for s in samples), strict=True))  # (n, ...)
        return self._network.advance(together, edited, begin, len(self._stages))[-1]

    def _states(self, samples: Sequence[int], step: int) -> dict[int, State]:
        """What is there before `step`, for each sample; what is missing is computed together."""
        known = {**self._latest, **self._kept}
        found = {sample: known[sample, step] for sample in samples if (sample, step) in known}
        missing: dict[int, list[int]] = {}
        for sample in dict.fromkeys(samples):
            if sample not in found:
                earlier = [place for other, place in known if other == sample and place < step]
                missing.setdefault(max(earlier, default=0), []).append(sample)
        for start, several in missing.items():
            found |= self._advanced(several, start, step, known)
        self._latest = {(sample, step): state for sample, state in found.items()}
        return found

    def _advanced(
        self, samples: list[int], start: int, step: int, known: dict[tuple[int, int], State]
    ) -> dict[int, State]:
        import torch

        before: State = ()
        if start:
            before = tuple(torch.cat(parts) for parts in zip(*(known[s, start] for s in samples), strict=True))
        after = self._network.advance(before, self._codes[samples], start, step)  # (n, ...)
        found = {s: tuple(part[i : i + 1].clone() for part in after) for i, s in enumerate(samples)}  # (1, ...) each
        for sample, state in found.items():
            size = sum(part.nbytes for part in state)
            if size <= self._room:
                self._room -= size
                self._kept[sample, step] = state
        return found
