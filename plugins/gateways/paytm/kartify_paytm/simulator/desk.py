"""What the calls of the stand-in share: the envelope, checked on the way in and signed on the way out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Response, request

from kartify.plugin import Refused, Unreadable
from kartify.simulation import Book
from kartify_paytm import checksum, raw


@dataclass
class Desk:
    """``used``: order ids that Initiate Transaction has seen, with the text it saw, for its idempotency."""

    mid: str
    key: str
    book: Book
    base_url: str
    used: dict[str, str] = field(default_factory=dict)

    def read(self) -> tuple[dict[str, Any], str]:
        """(body, its text) of the request. Raises ``Wrong`` as Paytm refuses."""
        try:
            parts = raw.members(request.get_data())
            head, body = json.loads(parts["head"]), json.loads(parts["body"])
        except (Unreadable, KeyError, ValueError):
            raise Wrong("1001", "Request parameters are not valid") from None
        try:
            checksum.check(parts["body"], head.get("signature") or "", self.key)
        except Refused:
            raise Wrong("checksum", "Invalid checksum") from None
        if body.get("mid") != self.mid:
            raise Wrong("mid", "Mid is invalid")
        return body, parts["body"]

    def answer(self, body: Mapping[str, Any], *, status: str, code: str, text: str) -> Response:
        """Signed over the very text that goes out."""
        result = {"resultStatus": status, "resultCode": code, "resultMsg": text}
        written = json.dumps({"resultInfo": result, **body}, separators=(",", ":"))
        moment = str(int(self.book.now().timestamp() * 1000))
        head = {"responseTimestamp": moment, "version": "v1", "signature": checksum.sign(written, self.key)}
        return Response(f'{{"head":{json.dumps(head)},"body":{written}}}', mimetype="application/json")


class Wrong(Exception):
    """A call that Paytm refuses. ``code`` is "checksum" or "mid" where each API has a number of its own for it."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
