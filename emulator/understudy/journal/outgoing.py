"""How what was sent out is shown: without the secrets that an address can carry."""

from typing import Any

from understudy.deliveries import Delivery

from .exchange import Exchange
from .redaction import redacted


def sent(delivery: Delivery) -> dict[str, Any]:
    """A delivery with all its attempts as JSON; what its address signs or signs in with is seen nowhere in it.

    What it says stays as it is: that is for the receiver, and for who looks whether it came.
    """
    shown = delivery.shown()
    address = Exchange(0, 0.0, "http", delivery.method, "/", [])
    address.heard(delivery.url.encode("utf-8", "replace"))
    clean = redacted(address).clean
    shown["url"] = clean(delivery.url)
    shown["about"] = {name: clean(value) for name, value in delivery.about.items()}
    for attempt in shown["attempts"]:
        attempt["problem"] = attempt["problem"] and clean(attempt["problem"])
        headers = attempt["request"]["headers"]
        for pair in headers:
            pair[1] = "redacted" if pair[0].lower() == "authorization" else clean(pair[1])
    return shown
