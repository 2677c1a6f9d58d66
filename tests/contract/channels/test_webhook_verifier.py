"""The verifier of signed webhooks takes what the standard's own example says, and nothing that was changed."""

from __future__ import annotations

import base64

import pytest

from connectors.channels.webhook import decoded_secret, signature
from tests.contract.channels.webhook_verifier import NotAuthenticError, verified

#: The vector that the standard's own libraries are tested with (https://github.com/standard-webhooks/standard-webhooks).
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, SENT_S, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
HEADERS = {"webhook-id": ID, "webhook-timestamp": str(SENT_S), "webhook-signature": SIGNED}


def test_sender_and_verifier_agree_with_the_example() -> None:
    assert signature(decoded_secret("desk", SECRET), ID, SENT_S, BODY) == SIGNED
    assert verified(HEADERS, BODY, secret=SECRET, now_s=SENT_S + 10) == ID


def test_one_of_several_signatures_is_enough() -> None:
    other = "v1," + base64.b64encode(b"x" * 32).decode()
    several = {**HEADERS, "webhook-signature": f"v2,abcd {other} {SIGNED}"}
    assert verified(several, BODY, secret=SECRET, now_s=SENT_S) == ID


@pytest.mark.parametrize(
    ("headers", "body", "late_s"),
    [
        ({"webhook-id": "msg_other"}, BODY, 0),
        ({"webhook-timestamp": str(SENT_S + 1)}, BODY, 0),
        ({"webhook-timestamp": "soon"}, BODY, 0),
        ({"webhook-signature": SIGNED.replace("v1", "v2")}, BODY, 0),
        ({"webhook-signature": "v1," + base64.b64encode(b"x" * 32).decode()}, BODY, 0),
        ({}, BODY + b" ", 0),
        ({}, BODY, 301),
        ({}, BODY, -301),
    ],
)
def test_what_was_changed_or_is_old_is_refused(headers: dict[str, str], body: bytes, late_s: int) -> None:
    with pytest.raises(NotAuthenticError):
        verified({**HEADERS, **headers}, body, secret=SECRET, now_s=SENT_S + late_s)
