"""Does every licence that the registry knows become a name that the Hub accepts, and none that says too much?"""

from __future__ import annotations

import pytest

from sefa_core.licences import HUB_IDS, hub_licence, licence_link
from sefa_core.registry import load_registry


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("MIT", ("mit", None)),
        ("mit license", ("mit", None)),
        ("MIT on the model card", ("mit", None)),
        ("CC BY-NC 4.0", ("cc-by-nc-4.0", None)),
        ("CC BY-NC 4.0 (stated for all material; code included)", ("cc-by-nc-4.0", None)),
        ("CC-BY-NC-SA-4.0", ("cc-by-nc-sa-4.0", None)),
        ("Apache License, Version 2.0", ("apache-2.0", None)),
        ("GPLv3", ("gpl-3.0", None)),
        ("Apache-2.0 on the model card; the original says otherwise", ("other", "apache-2.0-with-reservations")),
        ("Nvidia Source Code License-NC (stated)", ("other", "nvidia-source-code-license-nc")),
        ("eigene Lizenz", ("other", "eigene-lizenz")),
        ("\u7981\u6b62", ("other", "unnamed")),
        ("not stated for the weights; repository MIT", ("unknown", None)),
        ("none on the card", ("unknown", None)),
        ("", ("unknown", None)),
        (None, ("unknown", None)),
    ],
)
def test_a_licence_gets_the_hubs_name(text: str | None, expected: tuple[str, str | None]) -> None:
    assert hub_licence(text) == expected


def test_the_text_of_a_special_licence_is_linked() -> None:
    assert licence_link("NVIDIA Source Code License for StyleGAN3 (stated)") == (
        "https://github.com/NVlabs/stylegan3/blob/main/LICENSE.txt"
    )
    assert licence_link("MIT") is None and licence_link(None) is None


def test_every_licence_of_the_registry_is_one_that_the_hub_accepts() -> None:
    for model in load_registry().models.values():
        identifier, name = hub_licence(model.licence)
        assert identifier in HUB_IDS | {"other", "unknown"}
        assert (name is not None) == (identifier == "other")
        # nobody may read a free licence where the registry says that commerce is forbidden
        assert not (model.non_commercial and identifier in HUB_IDS and "-nc" not in identifier), model.name
