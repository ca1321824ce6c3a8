from __future__ import annotations

import pytest

from daypass.request import Request, Response
from daypass.server.board import Board
from daypass.server.front import Front
from daypass.server.limits import Limits


class Fake:
    def __init__(self) -> None:
        self.asked: list[bytes] = []

    def answer(self, request: Request) -> Response:
        self.asked.append(request.raw_path)
        return Response(200, (), b"S3's")

    def ready(self) -> bool:
        return False

    def metrics(self) -> str:
        return "daypass_x 1\n"

    async def start(self) -> None: ...

    async def stop(self) -> None: ...


def ask(
    path: bytes, *, method: str = "GET", query: bytes = b"", signed: bool = False, metrics: bool = True
) -> Response:
    headers = [(b"authorization", b"AWS4-HMAC-SHA256 Credential=...")] if signed else []
    front = Front(Fake(), Board(1), Limits(), metrics=metrics)
    answer = front.answer(Request(method, path, query, headers, b"", "127.0.0.1"))
    assert isinstance(answer, Response)
    return answer


def test_the_three_paths_answer_strangers() -> None:
    assert ask(b"/healthz").body == b"ok\n"
    assert (ask(b"/readyz").status, ask(b"/readyz").body) == (503, b"not ready\n")
    assert b'daypass_x{worker="0"} 1' in ask(b"/metrics").body  # type: ignore[operator]


@pytest.mark.parametrize("path", [b"/healthz", b"/readyz", b"/metrics"])
def test_h14_a_bucket_of_that_name_is_reached_with_any_signature(path: bytes) -> None:
    for query in (b"X-Amz-Signature=1", b"X-Amz-Algorithm=AWS4-HMAC-SHA256", b"AWSAccessKeyId=a&Signature=b"):
        assert ask(path, query=query).body == b"S3's"
    assert ask(path, signed=True).body == b"S3's"
    assert ask(path, method="PUT").body == b"S3's"
    assert ask(path + b"/", method="GET").body == b"S3's"
    assert ask(path + b"/key").body == b"S3's"


def test_k16_metrics_can_be_switched_off() -> None:
    assert ask(b"/metrics", metrics=False).body == b"S3's"
