"""What a text may say of the state: the rules' verdict, and that it is no other."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from copilot.explain.state_words import contradiction
from copilot.health.decision import State

VERDICTS = st.sampled_from([State.HAPPY, State.STRESSED, State.CRITICAL])
WORDS = {"happy": State.HAPPY, "healthy": State.HAPPY, "stressed": State.STRESSED} | {
    "critical": State.CRITICAL
}
NAMED = st.sampled_from(sorted(WORDS))
SUBJECTS = st.sampled_from(["It", "The cluster", "Nobody polls queue-1, so the cluster", "queue-1"])
NOT = st.sampled_from(
    ["is not", "isn't", "isn\u2019t", "is not yet", "is no longer", "remains neither"]
)
DENIED = st.builds("{} {}".format, SUBJECTS, NOT)
TAILS = st.sampled_from(["", ".", " because queue-1 has no pollers.", ", but queue-1 has tasks."])
# What says of a state that it is the one now.
CLAIMS = st.sampled_from(
    ["it is {}", "The state: {}", "it remains {}", "it is now {}", "The cluster looks {}"]
)
# After a denial no verb is needed.
INSTEAD = st.sampled_from([", but {}", " but {}", ": {}", ", it is {}", ". It is {}", ", just {}"])
# What makes the opposite of a denial.
TURNED = st.sampled_from(
    [
        "It is not true that it {}.",
        "It is not that the cluster {}.",
        "I doubt that it {}.",
        "Nobody says it {}.",
        "It {}? Of course!",
        "It {}. That is wrong.",
        "It would be false, as said, that it {}.",
    ]
)


@given(DENIED, NAMED, TAILS, VERDICTS, VERDICTS)
def test_another_state_can_be_denied_and_the_verdict_cannot(
    denied: str, word: str, tail: str, state: State, previous: State
) -> None:
    found = contradiction(f"{denied} {word}{tail}", state, previous)
    assert found == (f"not {word}" if WORDS[word] is state else "")


@given(NAMED, NAMED, VERDICTS)
def test_two_states_can_be_denied_at_once(one: str, other: str, state: State) -> None:
    for text in (f"It is neither {one} nor {other}.", f"It is not {one}, nor is it {other}."):
        assert bool(contradiction(text, state, state)) == (state in (WORDS[one], WORDS[other]))


@given(st.tuples(DENIED, NAMED), INSTEAD, NAMED, VERDICTS, VERDICTS)
def test_a_denial_lets_no_other_state_in(
    denied: tuple[str, str], instead: str, word: str, state: State, previous: State
) -> None:
    assume(WORDS[denied[1]] is not state)
    text = f"{' '.join(denied)}{instead.format(word)}."
    assert contradiction(text, state, previous) == ("" if WORDS[word] is state else word)


@given(CLAIMS, NAMED, VERDICTS, VERDICTS)
def test_a_claim_is_the_verdict_and_not_the_one_before(
    claim: str, word: str, state: State, previous: State
) -> None:
    found = contradiction(claim.format(word), state, previous)
    assert found == ("" if WORDS[word] is state else word)


@given(TURNED, NAMED, VERDICTS)
def test_a_denial_that_is_denied_or_doubted_claims_the_state(
    turned: str, word: str, state: State
) -> None:
    found = contradiction(turned.format(f"is not {word}"), state, state)
    assert found == ("" if WORDS[word] is state else word)


@given(
    st.lists(st.sampled_from([*WORDS, "not", "nor", "but", "no longer", ",", "."])), NAMED, NAMED
)
def test_no_words_around_it_hide_another_state(around: list[str], word: str, verdict: str) -> None:
    assume(WORDS[word] is not WORDS[verdict])
    text = f"{' '.join(around)} The cluster is {word}"
    assert contradiction(text, WORDS[verdict], WORDS[verdict])


@pytest.mark.parametrize(
    "text",
    [
        "It was happy before and is stressed now.",
        "It was healthy, and went from happy to stressed, but is not critical.",
        "Restart the workers and wait until the state is no longer stressed.",
        "Check that queue-1 is not stressed.",
        "It would become critical if matching went down.",
    ],
)
def test_what_was_what_may_come_and_what_is_wanted_can_be_said(text: str) -> None:
    assert contradiction(text, State.STRESSED, State.HAPPY) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It was not happy.", "not happy"),
        ("It was critical.", "critical"),
        ("It is not critical, and would be healthy with more workers.", "healthy"),
        ("It is not critical; a healthy cluster has pollers.", "healthy"),
        ("It is not critical. Rather happy.", "happy"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, found: str) -> None:
    assert contradiction(text, State.STRESSED, State.HAPPY) == found
