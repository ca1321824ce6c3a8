"""Secrets as a type of their own, so that none ends in a log, a traceback or a record by accident.

Only :meth:`Secret.reveal` opens one. It is called in two kinds of place: where a signature is computed and where the
answer that hands a secret out is written.
"""

from __future__ import annotations

import base64
import hmac
from typing import Final, NoReturn

_ENTROPY_BYTES: Final = 30  # 40 base64 characters, none of them padding


class Secret:
    """A text that shows itself to nobody, compares in constant time, and cannot be pickled or copied."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(...)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled or copied")


def secret_access_key(entropy: bytes) -> Secret:
    """A new secret access key: 40 characters of ``A-Za-z0-9+/``. Takes at least thirty random bytes."""
    if len(entropy) < _ENTROPY_BYTES:
        raise ValueError(f"a secret access key takes {_ENTROPY_BYTES} random bytes")
    return Secret(base64.b64encode(entropy[:_ENTROPY_BYTES]).decode())
