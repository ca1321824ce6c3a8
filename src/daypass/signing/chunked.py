"""aws-chunked bodies: signed chunks, signed chunks with a signed trailer, and unsigned chunks with a trailer.

The rules are those of S3's "Signature Calculations for the Authorization Header: Transferring Payload in Multiple Chunks"
and its page on trailing headers.

A push decoder: bytes in, decoded bytes out, nothing held but one line and the running hash of a chunk. So data is handed
on before the signature of its chunk is known: **what** :meth:`ChunkedDecoder.feed` **returns is provisional until**
:meth:`ChunkedDecoder.finish` **has returned.** Write it to a temporary file, and make it visible after finish() only.
"""

from __future__ import annotations

import hmac
import re
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from daypass.signing.faults import SigningError, s3_mismatch
from daypass.signing.signature import EMPTY_SHA256, PayloadKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daypass.signing.keys import SigningKey
    from daypass.signing.signature import Signature

SMALLEST_CHUNK: Final = 8192
_LONGEST_LINE: Final = 1024
_LONGEST_TRAILER: Final = 8192
_TRAILER_SIGNATURE: Final = b"x-amz-trailer-signature"
_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}")
_NAME: Final = re.compile(rb"[a-z0-9-]+")


class _State(Enum):
    HEAD = "head of a chunk"
    DATA = "data of a chunk"
    DATA_END = "line end after data"
    TRAILER = "trailer"
    LAST_LINE = "last line end"
    DONE = "done"


class ChunkedDecoder:
    """Decodes one body and verifies it on the way. ``trailers`` is to be believed after finish()."""

    __slots__ = (
        "_declared",
        "_decoded_length",
        "_hash",
        "_key",
        "_kind",
        "_left",
        "_line",
        "_number",
        "_previous",
        "_promised",
        "_seen",
        "_signature",
        "_size",
        "_state",
        "_tail",
        "_trailer_bytes",
        "_trailer_signature",
        "trailers",
    )

    def __init__(
        self,
        signature: Signature | None,
        signing_key: SigningKey | None,
        kind: PayloadKind,
        decoded_length: int,
        trailers: Iterable[str] = (),
    ) -> None:
        """``signature`` and ``signing_key`` are the verified request's (None: anonymous, unsigned chunks only).

        ``decoded_length`` is x-amz-decoded-content-length; ``trailers`` the names in x-amz-trailer.
        """
        if not kind.is_chunked or (kind.has_signed_chunks and (signature is None or signing_key is None)):
            raise ValueError(f"no chunks to decode, or no key to verify them with: {kind}")
        self._signature = signature
        self._key = signing_key
        self._kind = kind
        self._decoded_length = decoded_length
        self._declared = {name.strip().lower() for name in trailers} - {""}
        if self._declared and not kind.has_trailer:
            raise _malformed_trailer()
        self._previous = signature.signature if signature is not None else ""
        self._state = _State.HEAD
        self._line = bytearray()
        self._hash = sha256()
        self._number = 0  # of the chunk being read, from 1
        self._size = self._left = self._seen = self._trailer_bytes = self._tail = 0
        self._promised = ""
        self._trailer_signature: str | None = None
        self.trailers: dict[str, str] = {}

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes of the body; give the decoded ones, provisionally. Raises SigningError."""
        decoded: list[bytes] = []
        at = 0
        while at < len(data):
            if self._state is _State.DATA:
                piece = data[at : at + self._left]
                at += len(piece)
                self._take(piece)
                decoded.append(piece)
            else:
                end = data.find(b"\n", at)
                stop = len(data) if end < 0 else end + 1
                self._line += data[at:stop]
                at = stop
                if len(self._line) > _LONGEST_LINE:
                    raise _incomplete()
                if end >= 0:
                    line = bytes(self._line)
                    self._line.clear()
                    self._take_line(line)
        return decoded

    def finish(self) -> None:
        """The body ends here, is complete, and every signature in it holds. Raises SigningError."""
        if self._state is not _State.DONE or self._line or self._seen != self._decoded_length:
            raise _incomplete()
        if self._declared != self.trailers.keys():
            raise _malformed_trailer()

    def _take(self, piece: bytes) -> None:
        if self._kind.has_signed_chunks:
            self._hash.update(piece)
        self._left -= len(piece)
        if not self._left:
            self._verify_chunk()
            self._state = _State.DATA_END

    def _take_line(self, line: bytes) -> None:
        match self._state:
            case _State.HEAD:
                self._begin_chunk(line)
            case _State.DATA_END:
                if line != b"\r\n":
                    raise _incomplete()
                self._state = _State.HEAD
            case _State.TRAILER:
                self._take_trailer(line)
            case _State.LAST_LINE:
                if line != b"\r\n":
                    raise _incomplete()
                self._state = _State.DONE
            case _:
                self._take_tail(line)

    def _begin_chunk(self, line: bytes) -> None:
        """``hex(size)`` or ``hex(size);chunk-signature=...``."""
        head, extension, rest = line.removesuffix(b"\r\n").partition(b";")
        if (
            not _SIZE.fullmatch(head)
            or not line.endswith(b"\r\n")
            or bool(extension) is not self._kind.has_signed_chunks
        ):
            raise _incomplete()
        size = int(head, 16)
        if size and self._number > 0 and self._size < SMALLEST_CHUNK:
            raise _small_chunk(self._number, self._size)
        if self._seen + size > self._decoded_length:
            raise _incomplete()
        if extension:
            name, equals, value = rest.partition(b"=")
            if name != b"chunk-signature" or not equals:
                raise _incomplete()
            self._promised = value.decode("latin-1")
        self._number += 1
        self._size = self._left = size
        self._seen += size
        self._hash = sha256()
        if size:
            self._state = _State.DATA
            return
        self._verify_chunk()
        self._state = _State.TRAILER if self._kind.has_trailer else _State.LAST_LINE

    def _verify_chunk(self) -> None:
        if self._kind.has_signed_chunks:
            text = f"{self._previous}\n{EMPTY_SHA256}\n{self._hash.hexdigest()}"
            self._previous = self._verify("AWS4-HMAC-SHA256-PAYLOAD", text, self._promised)

    def _verify(self, algorithm: str, rest: str, promised: str) -> str:
        """Compare one link of the chain of signatures; the next link is made with it."""
        if self._signature is None or self._key is None:
            raise ValueError("no key to verify with")
        text = f"{algorithm}\n{self._signature.timestamp}\n{self._signature.scope}\n{rest}".encode()
        expected = self._key.hexmac(text)
        if not hmac.compare_digest(expected.encode(), promised.encode()):
            raise s3_mismatch(self._signature.access_key_id, promised, text)
        return expected

    def _take_trailer(self, line: bytes) -> None:
        """``name:value`` lines up to an empty one; in the signed form ``x-amz-trailer-signature`` is the last of them.

        Some clients (minio-go) end the names with LF alone and put an empty line before the trailer's signature.
        """
        self._trailer_bytes += len(line)
        if self._trailer_bytes > _LONGEST_TRAILER:
            raise _malformed_trailer()
        text = line.rstrip(b"\r\n")
        if not text:
            self._end_trailer()
            return
        name, colon, value = text.partition(b":")
        name = name.strip().lower()
        if not colon or not _NAME.fullmatch(name) or self._trailer_signature is not None:
            raise _malformed_trailer()
        if name == _TRAILER_SIGNATURE and self._kind.has_signed_chunks:
            self._trailer_signature = value.strip().decode("latin-1")
            return
        label = name.decode()
        if label in self.trailers or label not in self._declared:
            raise _malformed_trailer()
        self.trailers[label] = value.strip().decode("latin-1")

    def _end_trailer(self) -> None:
        if self._kind.has_signed_chunks:
            if self._trailer_signature is None:
                if not self.trailers or self._tail:
                    raise _malformed_trailer()
                self._tail = 1  # the empty line before the signature, once
                return
            lines = "".join(f"{name}:{value}\n" for name, value in sorted(self.trailers.items()))
            text = f"{self._previous}\n{sha256(lines.encode('latin-1')).hexdigest()}"
            self._verify("AWS4-HMAC-SHA256-TRAILER", text, self._trailer_signature)
        self._tail = 0
        self._state = _State.DONE

    def _take_tail(self, line: bytes) -> None:
        """After the end nothing may come but, after a trailer, one more empty line (minio-go)."""
        if line != b"\r\n" or self._tail or not self._kind.has_trailer:
            raise _malformed_trailer() if self._kind.has_trailer else _incomplete()
        self._tail = 1


def _incomplete() -> SigningError:
    return SigningError("IncompleteBody", "The request body terminated unexpectedly", 400)


def _malformed_trailer() -> SigningError:
    return SigningError(
        "MalformedTrailerError",
        "The request contained trailing data that was not well-formed or did not conform to our published schema.",
        400,
    )


def _small_chunk(number: int, size: int) -> SigningError:
    return SigningError(
        "InvalidChunkSizeError",
        "Only the last chunk is allowed to have a size less than 8192 bytes",
        400,
        {"Chunk": str(number), "BadChunkSize": str(size)},
    )
