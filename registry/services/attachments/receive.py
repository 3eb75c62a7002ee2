"""Receive a picture: clean it in a process of its own, keep it, and note who brought it."""

import hashlib
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from registry.domain.access.actor import Actor, require
from registry.domain.attachments.attachment import DAY_BYTES, demand_digest
from registry.domain.attachments.picture import Picture
from registry.domain.errors import Invalid, TooMany
from registry.domain.intake.files.refusal import REFUSAL_WORDS, RefusedFile
from registry.services.clock import now
from registry.store.attachments import pictures
from registry.store.database.pool import OpenWriter, Writer
from registry.store.files.child_process import clean_in_child

DAY = timedelta(days=1)
QUOTA_WAIT_S = 3600


async def receive(
    actor: Actor,
    sha256: str,
    content: bytes,
    open_writer: OpenWriter,
    slots: AbstractAsyncContextManager[None],
) -> None:
    """Keep the picture of a file; Invalid for what is none or has another digest, TooMany beyond the quota.

    A file that is here already is cleaned again, so that nobody can tell. No transaction waits for it.
    """
    require(actor, "field")
    demand_digest(sha256, hashlib.sha256(content).hexdigest())
    try:
        async with slots:
            picture = await clean_in_child(content)
    except RefusedFile as refused:
        zh, en = (words.format(**refused.figures) for words in REFUSAL_WORDS[refused.code])
        raise Invalid(en, zh=zh) from refused
    async with open_writer() as writer:
        await _keep(writer, actor, bytes.fromhex(sha256), len(content), picture)


async def _keep(writer: Writer, actor: Actor, sha256: bytes, size_bytes: int, picture: Picture) -> None:
    brought_bytes = await pictures.brought_bytes(writer, actor.id, now() - DAY, sha256)
    if brought_bytes + size_bytes > DAY_BYTES:
        megabytes = DAY_BYTES // 2**20
        raise TooMany(
            f"one person may bring {megabytes} MB of pictures a day; send the rest later",
            retry_after_s=QUOTA_WAIT_S,
            zh=f"每人每天最多上传 {megabytes} MB 图片，其余请稍后再传",
        )
    kept = {"content": picture.content, "thumbnail": picture.thumbnail}
    kept_sha256 = hashlib.sha256(picture.content).digest()
    sizes = {"width_px": picture.width_px, "height_px": picture.height_px}
    values = {"sha256": sha256, "kept_sha256": kept_sha256, "size_bytes": len(picture.content)}
    await pictures.keep(writer, values | sizes | kept)
    await pictures.bring(writer, actor.id, sha256, size_bytes)
