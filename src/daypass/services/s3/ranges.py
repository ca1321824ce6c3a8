"""Which bytes of an object are asked for (RFC 9110, section 14; S3 API Reference, GetObject, Range and partNumber)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from daypass.errors import ApiError
from daypass.objects import Checksum

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daypass.objects import StoredObject

_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,20})\s*-\s*([0-9]{0,20})\s*", re.IGNORECASE)
_COPY_RANGE = re.compile(r"bytes=([0-9]{1,20})-([0-9]{1,20})")


class Selection(NamedTuple):
    """Bytes ``first`` to ``last`` (inclusive) of an object. ``checksum`` is that of exactly these bytes, if known."""

    first: int
    last: int
    partial: bool
    checksum: Checksum | None
    parts: int | None = None

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.last + 1 - self.first


def selection(arguments: Mapping[str, Any], stored: StoredObject) -> Selection:
    """What a GET or HEAD asks for. Raises InvalidRange, InvalidPartNumber, InvalidRequest."""
    header, number = arguments.get("Range"), arguments.get("PartNumber")
    if number is not None:
        if header is not None:
            raise ApiError("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
        return _part(number, stored)
    found = None if header is None else _RANGE.fullmatch(header)
    if found is None or found.groups() == ("", ""):
        return Selection(0, stored.size - 1, partial=False, checksum=stored.checksum)
    first, last = _bounds(found[1], found[2], stored.size)
    if last is not None and last < first:
        return Selection(0, stored.size - 1, partial=False, checksum=stored.checksum)
    if first >= stored.size:
        members = {"RangeRequested": header or "", "ActualObjectSize": str(stored.size)}
        raise ApiError("InvalidRange", "The requested range is not satisfiable", status=416, members=members)
    end = stored.size - 1 if last is None else min(last, stored.size - 1)
    return Selection(first, end, partial=True, checksum=_part_checksum(stored, first, end))


def copy_range(text: str, size: int) -> tuple[int, int]:
    """The bytes that UploadPartCopy asks for: both ends are said, and lie within the source."""
    found = _COPY_RANGE.fullmatch(text)
    if found is None or int(found[2]) < int(found[1]):
        members = {"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": text}
        problem = (
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy"
        )
        raise ApiError("InvalidArgument", problem, members=members)
    first, last = int(found[1]), int(found[2])
    if last >= size:
        members = {"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": text}
        problem = f"Range specified is not valid for source object of size: {size}"
        raise ApiError("InvalidArgument", problem, members=members)
    return first, last


def _bounds(first: str, last: str, size: int) -> tuple[int, int | None]:
    if first:
        return int(first), int(last) if last else None
    length = int(last)
    return (size, None) if length == 0 else (max(0, size - length), None)


def _part(number: int, stored: StoredObject) -> Selection:
    if not stored.parts:
        if number == 1:
            return Selection(0, stored.size - 1, partial=stored.size > 0, checksum=stored.checksum)
        raise _no_part(number, 1)
    position = 0
    for index, part in enumerate(stored.parts, 1):
        if index == number:
            checksum = _of_part(stored, part.checksum)
            return Selection(
                position, position + part.size - 1, partial=True, checksum=checksum, parts=len(stored.parts)
            )
        position += part.size
    raise _no_part(number, len(stored.parts))


def _no_part(number: int, count: int) -> ApiError:
    members = {"ActualPartCount": str(count), "PartNumberRequested": str(number)}
    return ApiError("InvalidPartNumber", "The requested partnumber is not satisfiable", status=416, members=members)


def _part_checksum(stored: StoredObject, first: int, last: int) -> Checksum | None:
    """The checksum of a range that is exactly one part; of any other range none is known."""
    position = 0
    for part in stored.parts:
        if position == first and position + part.size - 1 == last:
            return _of_part(stored, part.checksum)
        position += part.size
    return None


def _of_part(stored: StoredObject, value: str | None) -> Checksum | None:
    return None if value is None or stored.checksum is None else Checksum(stored.checksum.algorithm, value)
