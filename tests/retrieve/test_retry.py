"""What may pass is tried again, with pauses that grow; what is fatal is not."""

import logging
import time

import pytest

from sarslide.errors import DownloadError
from sarslide.retrieve import retry as module
from sarslide.retrieve.retry import TransientError, retry, retry_or_fail


@pytest.fixture
def pauses(monkeypatch):
    """The pauses, none of which is waited for."""
    found = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def failing(*failures):
    """Work that raises these and then returns how often it was tried."""
    left, tried = list(failures), []

    def work():
        tried.append(1)
        if left:
            raise left.pop(0)
        return len(tried)

    return work


def test_pauses_double_and_are_logged(pauses, caplog):
    with caplog.at_level(logging.INFO, logger=module.__name__):
        assert retry(failing(*[TransientError("the server answers 503")] * 3), 4, 2.0) == 4
    assert pauses == [2, 4, 8]
    assert [record.getMessage() for record in caplog.records][0] == "the server answers 503; again in 2 s"


def test_the_server_may_ask_for_longer_pauses_up_to_a_limit(pauses):
    assert retry(failing(TransientError("busy", 30.0), TransientError("busy", 1e6)), 3, 2.0) == 3
    assert pauses == [30, module.MAX_PAUSE_S]


def test_the_last_failure_is_raised_after_the_last_try(pauses):
    last = TransientError("third")
    with pytest.raises(TransientError) as caught:
        retry(failing(TransientError("first"), TransientError("second"), last), 3, 1.0)
    assert caught.value is last and pauses == [1, 2]
    with pytest.raises(DownloadError, match=r"E2002 archive: busy, 2 times; cure: run again later"):
        retry_or_fail("archive", failing(*[TransientError("busy")] * 2), 2, 0.5)


def test_a_fatal_failure_is_not_tried_again(pauses):
    work = failing(KeyError("answer"))
    with pytest.raises(KeyError):
        retry(work, 5, 1.0)
    assert not pauses and work() == 2
