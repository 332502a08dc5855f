"""Acts at one time make one chain of audit events, and none stands outside the transaction of its act."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from ketnoi_portal.audit.checking import first_broken
from ketnoi_portal.audit.models import Event, record
from ketnoi_portal.process.roles import SYSTEM_ACTOR

pytestmark = pytest.mark.usefixtures("committed")


def test_nothing_is_recorded_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError):
        record(SYSTEM_ACTOR, "try", "thing", 1)


def test_acts_at_one_time_make_one_chain() -> None:
    def act(number: int) -> None:
        try:
            with transaction.atomic():
                record(SYSTEM_ACTOR, "try", "thing", number % 3)
        finally:
            connection.close()

    threads = [threading.Thread(target=act, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Event.objects.count() == 12
    assert first_broken() is None
