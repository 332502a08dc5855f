"""A message that was overheard, or kept, is sent once more."""

from journeys.peer import Peer


def test_the_first_is_answered_and_the_second_refused(rogue: Peer, reached_the_registry: list[str]) -> None:
    message = rogue.question()
    first, second = rogue.send(message), rogue.send(message)
    assert first.answer is not None
    assert first.answer.status == 200
    assert second.code == "replayed_message"
    assert len(reached_the_registry) == 1


def test_signing_the_same_words_again_does_not_make_them_new(rogue: Peer) -> None:
    message = rogue.question()
    assert rogue.send(message).answer is not None
    assert rogue.send(rogue.sign(message.octets, message.body)).code == "replayed_message"
