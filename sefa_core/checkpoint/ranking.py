"""Which network of a file people mean when they do not say: a table of names, best first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

# The last component of a dotted path, in lower case.
_AVERAGED = (
    *("g_ema", "generator_ema", "generator_smooth", "netg_ema", "g_ema_state_dict", "netg_ema_state_dict", "avgg"),
    *("gs", "g_smooth", "g_running", "ema_g", "gema", "ema_generator", "gen_ema", "ema", "model_ema", "state_dict_ema"),
)
_RAW = (
    *("netg_state_dict", "netg", "generator", "generator_state_dict", "gen", "g_state_dict", "g", "gan", "model"),
    *("model_state_dict", "state_dict", "params", "weights", ""),
)
_OTHER_PARTS = (
    *("d", "netd", "netd_state_dict", "discriminator", "discriminator_state_dict", "dis", "disc", "d_state_dict"),
    *("critic", "encoder", "e", "nete", "optimizer", "optim", "opt", "opt_g", "opt_d", "optimizerg", "optimizerd"),
    *("g_optim", "d_optim", "optimizer_g", "optimizer_d", "optimizer_state_dict", "augment_pipe"),
)
_RANKS = {name: rank for rank, name in enumerate((*_AVERAGED, *_RAW))}
_MAX_NETWORKS = 64
_FEWEST = 4  # tensors of the smallest generator
_REST, _LAST = len(_RANKS), len(_RANKS) + 1


def best_first(paths: Iterable[str]) -> tuple[str, ...]:
    """Averaged generators, then raw ones, then anything else in file order, then discriminators and optimisers.

    At most 64: every family looks at each of them.
    """
    return tuple(sorted(paths, key=_rank)[:_MAX_NETWORKS])


def choices(networks: Sequence[str], tensors: Iterable[str]) -> tuple[str, ...]:
    """What `--key` can name, best first: the networks of a file, what they lie in, and the parts of a flat one.

    A flat file has its networks in the names of its tensors alone: "generator.main.0.weight".
    """
    found = dict.fromkeys(networks)
    for network in networks:
        parts = network.split(".")
        found.update(dict.fromkeys(".".join(parts[:depth]) for depth in range(1, len(parts))))
    if set(networks) <= {""}:
        counts = Counter(name.partition(".")[0] for name in tensors if "." in name)
        found.update(dict.fromkeys(part for part, count in counts.items() if count >= _FEWEST))
    return tuple(sorted(found, key=_rank))


def rank_of(name: str) -> int:
    """The place of a single name, such as that of a file, among the candidates; lower is better."""
    return _rank(name.replace(".", "_"))


def _rank(path: str) -> int:
    parts = path.lower().split(".")
    if any(part in _OTHER_PARTS for part in parts):
        return _LAST
    return _RANKS.get(parts[-1], _REST)
