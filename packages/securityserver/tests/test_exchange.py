"""Whole exchanges through two real servers, when everything is as it should be."""

from small_world import World


def test_a_question_gets_its_answer(world: World) -> None:
    answer = world.call()
    assert (answer.status, answer.body) == (200, b'{"TonTai": true}')
