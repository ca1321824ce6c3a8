"""Identifiers in AWS's own forms (IAM User Guide, "IAM identifiers").

Access key ids and unique ids carry their account in the way public tools decode AWS's own (key ids made since 2019):
base32 of a leading 1 bit, the account number in 40 bits, then random bits. An id is a name and no secret: nothing may
rest on its being hard to guess, and 39 random bits do collide, so the directory checks long-term ids for uniqueness and
a temporary id is good only together with its token.
"""

from __future__ import annotations

from base64 import b32encode
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from typing import Literal

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"  # RFC 4648, base32
_VALUE_OF: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_ACCOUNT_BITS: Final = 40
_ACCESS_KEY_LENGTH: Final = 20
_ACCESS_KEY_PREFIXES: Final = ("AKIA", "ASIA")
_ACCESS_KEY_RANDOM_BITS: Final = 39  # 16 characters of 5 bits, less the leading 1 and the account
_UNIQUE_ID_RANDOM_BITS: Final = 44  # 17 characters
_WHOLE_BITS: Final = 120  # base32 takes five bytes at a time; an id is cut from three times that
_HIGHEST_ACCOUNT: Final = 999_999_999_999


def access_key_id(account: str, kind: Literal["AKIA", "ASIA"], entropy: bytes) -> str:
    """A new access key id: ``AKIA`` long-term, ``ASIA`` temporary. Takes at least five random bytes."""
    return kind + _encode(account, entropy, _ACCESS_KEY_RANDOM_BITS)


def unique_id(prefix: str, account: str, entropy: bytes) -> str:
    """A new stable id of an IAM entity (``AIDA`` user, ``AROA`` role...). Takes at least six random bytes.

    Ids of one account share the eight characters after the prefix, as AWS's do.
    """
    if len(prefix) != 4:
        raise ValueError(f"not the prefix of a unique id: {prefix!r}")
    return prefix + _encode(account, entropy, _UNIQUE_ID_RANDOM_BITS)


@lru_cache(maxsize=4096)  # asked on each request, of the same few keys
def account_of(access_key_id: str) -> str | None:
    """The account that an access key id names, or None where it names none (an id of before 2019, or no id at all)."""
    if len(access_key_id) != _ACCESS_KEY_LENGTH or not access_key_id.startswith(_ACCESS_KEY_PREFIXES):
        return None
    number = 0
    for letter in access_key_id[4:]:
        value = _VALUE_OF.get(letter)
        if value is None:
            return None
        number = number << 5 | value
    leading, account = divmod(number >> _ACCESS_KEY_RANDOM_BITS, 1 << _ACCOUNT_BITS)
    if leading != 1 or account > _HIGHEST_ACCOUNT:
        return None
    return f"{account:012d}"


def _encode(account: str, entropy: bytes, random_bits: int) -> str:
    if len(account) != 12 or not (account.isascii() and account.isdigit()):
        raise ValueError(f"not an account id: {account!r}")
    if len(entropy) * 8 < random_bits:
        raise ValueError(f"an id takes {random_bits} random bits")
    random = int.from_bytes(entropy, "big") & ((1 << random_bits) - 1)
    number = ((1 << _ACCOUNT_BITS | int(account)) << random_bits) | random
    bits = 1 + _ACCOUNT_BITS + random_bits
    return b32encode((number << (_WHOLE_BITS - bits)).to_bytes(_WHOLE_BITS // 8, "big"))[: bits // 5].decode()
