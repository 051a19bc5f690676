"""A connection that is kept between two requests."""

import http.client
import time

import pytest


@pytest.mark.slow
def test_a_connection_is_kept_for_longer_than_clients_keep_it_themselves(server):
    kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    for pause in (0, 16):
        # httpx gives up what was idle for 5 seconds, aiohttp after 15.
        time.sleep(pause)
        kept.request("GET", "/_understudy/clock")
        assert kept.getresponse().read()
    kept.close()
