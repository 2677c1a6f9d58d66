"""A receiver's check of Standard Webhooks, written from the specification alone; shares no code with the sender."""

from __future__ import annotations

import hmac
from base64 import standard_b64decode
from collections.abc import Mapping

_TOLERANCE_S = 300


class NotAuthenticError(Exception):
    """The request is not from who shares the secret, or is too old."""


def verified(headers: Mapping[str, str], raw_body: bytes, *, secret: str, now_s: float) -> str:
    """Return the webhook id of an authentic request; :raises NotAuthenticError: it is not."""
    try:
        webhook_id, sent, signatures = (headers[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        sent_s = int(sent)
    except (KeyError, ValueError) as error:
        raise NotAuthenticError("a header is missing or no number") from error
    if abs(now_s - sent_s) > _TOLERANCE_S:
        raise NotAuthenticError("too old or too new")
    kind, _, encoded = secret.partition("_")
    assert kind == "whsec"
    mac = hmac.new(standard_b64decode(encoded), digestmod="sha256")
    for piece in (webhook_id.encode(), b".", sent.encode(), b".", raw_body):
        mac.update(piece)
    for entry in signatures.split(" "):
        version, _, value = entry.partition(",")
        if version == "v1" and hmac.compare_digest(standard_b64decode(value), mac.digest()):
            return webhook_id
    raise NotAuthenticError("no signature fits")
