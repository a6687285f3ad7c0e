"""Compiled templates that all applications of a test process share: compiling is most of what a first page costs."""

from __future__ import annotations

from typing import Final

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache


class _Kept(BytecodeCache):
    """By name and source."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        known = self._known.get((bucket.key, bucket.checksum))
        if known is not None:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


_KEPT: Final = _Kept()


def keep_templates(app: Flask) -> Flask:
    app.jinja_env.bytecode_cache = _KEPT
    return app
