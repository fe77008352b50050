"""Who may use a studio that others can reach? Those who know its password (HTTP Basic, RFC 7617)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass, field

from sefa_core.errors import SefaError

SHORTEST = 8


@dataclass(frozen=True)
class Password:
    """A password; any user name will do."""

    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST:
            raise SefaError(f"password: has {len(self.secret)} characters; give at least {SHORTEST}")

    def fits(self, header: str) -> bool:
        """Does the `Authorization` header of a question hold it?"""
        scheme, _, told = header.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(told, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return False
        return hmac.compare_digest(given, self.secret.encode())
