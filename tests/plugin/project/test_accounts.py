import time

import pytest
from asking import submit


@pytest.mark.parametrize("turn", range(6))
def test_alone(understudy, turn):
    assert understudy.journal == []
    with understudy.fail("gateway=502, times=1"):
        assert submit(understudy) == 502
    assert submit(understudy) == 200
    assert len(understudy.journal) == 2
    # The other worker takes its share meanwhile.
    time.sleep(0.1)


def test_configured(understudy):
    assert (understudy.options.speed, understudy.options.switches) == ("brisk", (("runware.webhook-body", "flat"),))


@pytest.mark.understudy(speed="instant", balance=3)
class TestMarked:
    @pytest.mark.understudy(balance=4)
    def test_nearest_marker_wins(self, understudy):
        assert (understudy.options.speed, understudy.balance) == ("instant", 4)
