"""Multipart uploads in a folder: parts are files like any other, and an object made of them names them in order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daypass.objects import index, upload_index
from daypass.objects.digests import DEFAULT_ALGORITHM
from daypass.objects.download import slice_extents
from daypass.objects.interface import Digests, Extent, Intake, StoredObject, Upload, UploadedPart

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from daypass.objects.interface import Completion, Placing, Search
    from daypass.objects.local import LocalObjects
    from daypass.objects.writer import Transaction


class LocalUploads:
    """The multipart uploads of one folder (:class:`~daypass.objects.interface.Uploads`)."""

    def __init__(self, store: LocalObjects) -> None:
        self._store = store

    async def create(self, upload: Upload) -> None:
        await self._store.writer.run(lambda tx: upload_index.create(tx, upload))

    async def find(self, bucket: str, key: str, upload_id: str) -> Upload:
        upload = upload_index.find(self._store.reading, bucket, key, upload_id)
        if upload is None:
            raise upload_index.no_such_upload(upload_id)
        return upload

    async def put_part(self, upload: Upload, number: int, pieces: AsyncIterator[bytes], intake: Intake) -> UploadedPart:
        file, digests = await self._store.receiver.take_file(pieces, intake)
        extents = (Extent(file.name, 0, digests.size),)
        now = self._store.milliseconds()

        def work(tx: Transaction) -> UploadedPart:
            index.add_file(tx, file.name)
            return upload_index.put_part(
                tx, upload, number, digests, algorithm=intake.algorithm, extents=extents, now=now
            )

        return await self._store.writer.run(work, file.settle)

    async def copy_part(self, upload: Upload, number: int, source: StoredObject, first: int, last: int) -> UploadedPart:
        algorithm = upload.algorithm or DEFAULT_ALGORITHM
        content = self._store.open(source, first, last)
        if isinstance(content, bytes):
            return await self.put_part(upload, number, _one(content), Intake(algorithm, len(content), _agree))
        content.close()
        digests = await self._store.digest(source, first, last, algorithm)
        extents = tuple(slice_extents(source.extents, first, last))
        now = self._store.milliseconds()

        def work(tx: Transaction) -> UploadedPart:
            index.share(tx, extents)
            return upload_index.put_part(tx, upload, number, digests, algorithm=algorithm, extents=extents, now=now)

        return await self._store.writer.run(work)

    async def parts(self, upload: Upload, after: int, limit: int) -> list[UploadedPart]:
        return await self._store.in_thread(lambda db: upload_index.parts(db, upload, after, limit))

    async def list(self, bucket: str, search: Search) -> tuple[list[Upload], list[str], tuple[str, str] | None]:
        return await self._store.in_thread(lambda db: upload_index.list_uploads(db, bucket, search))

    async def complete(self, place: Placing, upload_id: str, completion: Completion) -> StoredObject:
        now, random = self._store.milliseconds(), self._store.random
        return await self._store.writer.run(
            lambda tx: upload_index.complete(tx, place, upload_id, completion, now=now, random=random)
        )

    async def abort(self, bucket: str, key: str, upload_id: str) -> None:
        upload = await self.find(bucket, key, upload_id)
        await self._store.writer.run(lambda tx: upload_index.abort(tx, upload))


async def _one(content: bytes) -> AsyncIterator[bytes]:
    if content:
        yield content


def _agree(_digests: Digests) -> None:
    """Bytes that come from the store itself were checked when they came in."""
