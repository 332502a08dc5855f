"""What one process holds at one moment."""

import pytest

from ketnoi_protocol.errors import Refusal
from ketnoi_securityserver.budget import Budget


def test_octets_are_held_until_their_exchange_ends() -> None:
    budget = Budget(10, 5)
    with budget.exchange() as first:
        first.take(6)
        with budget.exchange() as second, pytest.raises(Refusal) as caught:
            second.take(5)
        assert caught.value.code == "server_busy"
        with budget.exchange() as third:
            third.take(4)
        assert (budget.octets_held, budget.exchanges_held) == (6, 1)
    assert (budget.octets_held, budget.exchanges_held) == (0, 0)


def test_octets_are_given_back_when_an_exchange_fails() -> None:
    budget = Budget(10, 5)
    with pytest.raises(ZeroDivisionError), budget.exchange() as share:
        share.take(10)
        _ = 1 // 0
    assert budget.octets_held == 0


def test_exchanges_are_counted() -> None:
    budget = Budget(10, 1)
    with budget.exchange(), pytest.raises(Refusal) as caught, budget.exchange():
        raise AssertionError
    assert caught.value.code == "server_busy"
    with budget.exchange():
        assert budget.exchanges_held == 1
