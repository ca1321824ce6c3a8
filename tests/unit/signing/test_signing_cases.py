"""AWS's own Signature Version 4 cases, run backwards: their signed requests verify (tests/cases/sigv4)."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import pytest

from daypass.signing import Dialect, SigningError, SigningKeyCache, check_scope, check_time, read_signature, verify
from daypass.signing.canonical import (
    canonical_headers,
    canonical_paths,
    canonical_query,
    canonical_request,
    string_to_sign,
)

SUITE = Path(__file__).parents[2] / "cases" / "sigv4"
CASES = sorted(path.with_suffix("") for path in SUITE.rglob("*.sreq"))
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW = 1440938160.0  # 2015-08-30 12:36:00 UTC


class Case(NamedTuple):
    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


def read_case(path: Path) -> Case:
    """The signed request, with the Authorization header of the ``.authz`` file (one ``.sreq`` has it blotted out)."""
    head, _, body = path.with_suffix(".sreq").read_bytes().partition(b"\n\n")
    first, *lines = head.split(b"\n")
    method, _, rest = first.partition(b" ")
    raw_path, _, query = rest.removesuffix(b" HTTP/1.1").partition(b"?")
    headers: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line.startswith(b" "):  # a folded line: a server refuses it or unfolds it before we see it
            headers[-1] = (headers[-1][0], headers[-1][1] + b" " + line.strip())
            continue
        name, _, value = line.partition(b":")
        if name.lower() != b"authorization":
            headers.append((name.lower(), value))
    headers.append((b"authorization", path.with_suffix(".authz").read_bytes()))
    return Case(method.decode(), raw_path, query, headers, body)


def test_the_suite_is_there() -> None:
    assert len(CASES) > 30


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_a_signed_case_verifies(path: Path) -> None:
    case = read_case(path)
    signature = read_signature(case.method, case.path, case.query, case.headers, Dialect.QUERY)
    assert signature is not None
    check_scope(signature, service="service", regions={"us-east-1"})
    check_time(signature, NOW)
    key = SigningKeyCache().get(SECRET, signature)
    verify(signature, key, sha256(case.body).hexdigest())
    with pytest.raises(SigningError):
        verify(signature, SigningKeyCache().get(SECRET[::-1], signature), sha256(case.body).hexdigest())
    with pytest.raises(SigningError):
        verify(signature, key, sha256(case.body + b"x").hexdigest())


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_the_texts_between_are_those_of_the_suite(path: Path) -> None:
    case = read_case(path)
    signature = read_signature(case.method, case.path, case.query, case.headers, Dialect.QUERY)
    assert signature is not None
    lines, complete = canonical_headers(case.headers, signature.signed_headers)
    assert complete
    request = canonical_request(
        case.method,
        canonical_paths(case.path, Dialect.QUERY)[0],
        canonical_query(case.query),
        lines,
        signature.signed_headers,
        sha256(case.body).hexdigest(),
    )
    assert request == path.with_suffix(".creq").read_bytes()
    text = string_to_sign(signature.timestamp, signature.scope, request)
    assert text == path.with_suffix(".sts").read_bytes()
