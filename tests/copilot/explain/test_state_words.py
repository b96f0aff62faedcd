"""What a text may say of the state: the rules' verdict, and that it is no other."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from copilot.explain.state_words import contradiction
from copilot.health.decision import State

SEEN = st.sampled_from([State.HAPPY, State.STRESSED, State.CRITICAL])
UNWELL = st.sampled_from([State.STRESSED, State.CRITICAL])
VERDICTS = st.sampled_from(list(State))
WORDS = {"happy": State.HAPPY, "healthy": State.HAPPY, "stressed": State.STRESSED} | {
    "critical": State.CRITICAL
}
NAMED = st.sampled_from(sorted(WORDS))
MARKUP = st.sampled_from(
    ["{}", "**{}**", "_{}_", "`{}`", '"{}"', "'{}'", "\u201c{}\u201d", "({})", "__{}__"]
)
MARKED = st.builds(lambda markup, word: (word, markup.format(word)), MARKUP, NAMED)
SUBJECTS = st.sampled_from(
    [
        "It",
        "The cluster",
        "Temporal",
        "The state",
        "The cluster's health",
        "The system",
        "Everything",
        "They",
        "The **cluster**",
        "The cluster and its workers",
        "The cluster, the workers and the queues",
        "Nobody polls queue-1, so the cluster",
        "History lags and the cluster",
    ]
)
VERBS = st.sampled_from(
    [
        "is",
        "was not seen, and it is now",
        "is still",
        "is up and",
        "is, in fact,",
        "remains",
        "stays",
        "looks",
        "appears",
        "appears to be",
        "seems",
        "has been",
        "became",
        "has become",
        "turned",
        "got",
        "went to",
    ]
)
SAID = st.one_of(
    st.builds("{} {} {{}}".format, SUBJECTS, VERBS),
    st.builds("{} is in a {{}} state".format, SUBJECTS),
    st.sampled_from(
        [
            "{}",
            "All {}",
            "Overall {} again",
            "Health: {}",
            "State: {}",
            "Status = {}",
            "The state: {}",
            "The cluster's {}",
            "It's {}",
            "I consider the cluster {}",
            "Once again the cluster is {}",
            "We see a {} cluster",
            "One could say {}",
            "It improved to {}",
            "The cluster continues to be {}",
            "The cluster was seen and is now {}",
            "History lags; this {} cluster works on",
        ]
    ),
)
ENDS = st.sampled_from(["", ".", "!", "\n", ", and tasks move.", " now.", " because of queue-1."])
NOT = st.sampled_from(
    [
        "is not",
        "isn't",
        "isn\u2019t",
        "is *not*",
        "is not yet",
        "is no longer",
        "is not at all",
        "is not in a",
        "is neither in trouble nor",
        "remains neither",
        "is by no means",
        "is anything but",
        "is far from",
        "has stopped being",
        "does not look",
        "does not appear to be",
        "is not so",
        "is less",
    ]
)
DENIED = st.one_of(
    st.builds("{} {}".format, SUBJECTS, NOT),
    st.sampled_from(["No longer", "Not", "Not at all", "State: not", "It is busy, not"]),
)
# What says of a denial that it may not hold.
TURNED = st.sampled_from(
    [
        "It is not true that it is not {}.",
        "It is not that the cluster is not {}.",
        "I doubt that it is not {}.",
        "Nobody says it is not {}.",
        "It is not {}? Of course!",
        "It is not {}. That is wrong.",
        "It would be false, as said, that it is not {}.",
        "It cannot be {}.",
        "It may not be {}.",
        "It is not, as some think, {}.",
        "It is not what one calls {}.",
    ]
)
# After a denial no verb is needed.
INSTEAD = st.sampled_from([", but {}", " but {}", ": {}", ", it is {}", ". It is {}", ", just {}"])
PARTS = st.sampled_from(
    [
        "Workers are {}",
        "The workers of queue-2 are **{}**",
        "Pollers are {}",
        "Latency is {}",
        "Temporal's matching is {}",
        "temporal-matching is {}",
        "workflow-type-1 is {}",
        "The cluster's matching service is {}",
        "The cluster is slow, its workers are {}",
        "matching: {}",
        "Neither matching nor frontend is {}",
        "No gate is {}",
        "Queue-2 is not {}",
    ]
)
OF_OTHERS = st.sampled_from(
    [
        "{} workers poll queue-2.",
        "The {} gate is G1.",
        "It went above the {} limit.",
        "Wait until the cluster is {}.",
        "Once {}, remove the additional workers.",
        "Start workers and check that the state is {} again.",
        "The state should return to {} in a minute.",
        "It could become {} when more tasks come.",
        "It becomes {} when a gate fires three times in a row.",
        "Confirm that the state returns to {}.",
        "Start workers and make sure the cluster is {}.",
        "A {} cluster has pollers.",
        "It is critical to start workers, and that they are not stopped again.",
    ]
)


@given(SAID, MARKED, ENDS, VERDICTS, VERDICTS)
def test_another_state_is_refused_in_any_form_and_the_verdict_is_not(
    said: str, marked: tuple[str, str], end: str, state: State, previous: State
) -> None:
    word, shown = marked
    found = contradiction(f"{said.format(shown)}{end}", state, previous)
    assert found == ("" if WORDS[word] is state else word)


@pytest.mark.parametrize("state", [State.STRESSED, State.CRITICAL, State.UNKNOWN])
@pytest.mark.parametrize(
    "text",
    [
        "The cluster has recovered.",
        "It recovered.",
        "Recovered",
        "It is back to normal.",
        "It is not unhealthy.",
    ],
)
def test_a_recovery_is_a_claim_too(text: str, state: State) -> None:
    assert contradiction(text, state, State.HAPPY)


@given(DENIED, MARKED, ENDS, SEEN, VERDICTS)
def test_another_state_can_be_denied_and_the_verdict_cannot(
    denied: str, marked: tuple[str, str], end: str, state: State, previous: State
) -> None:
    word, shown = marked
    found = contradiction(f"{denied} {shown}{end}", state, previous)
    assert found == (f"not {word}" if WORDS[word] is state else "")


@given(DENIED, NAMED)
def test_where_nothing_is_seen_no_trouble_can_be_denied(denied: str, word: str) -> None:
    found = contradiction(f"{denied} {word}.", State.UNKNOWN, State.HAPPY)
    assert bool(found) == (WORDS[word] is not State.HAPPY)


@given(NAMED, NAMED, SEEN)
def test_two_states_can_be_denied_at_once(one: str, other: str, state: State) -> None:
    for text in (
        f"It is neither {one} nor {other}.",
        f"It is not {one} or {other}.",
        f"It is not {one}, nor is it {other}.",
    ):
        assert bool(contradiction(text, state, state)) == (state in (WORDS[one], WORDS[other]))


@given(st.tuples(DENIED, NAMED), INSTEAD, NAMED, SEEN, VERDICTS)
def test_a_denial_lets_no_other_state_in(
    denied: tuple[str, str], instead: str, word: str, state: State, previous: State
) -> None:
    assume(WORDS[denied[1]] is not state)
    text = f"{' '.join(denied)}{instead.format(word)}."
    assert contradiction(text, state, previous) == ("" if WORDS[word] is state else word)


@given(TURNED, NAMED, SEEN)
def test_a_denial_that_may_not_hold_is_refused(turned: str, word: str, state: State) -> None:
    assert contradiction(turned.format(word), state, state)


@pytest.mark.parametrize("state", [State.STRESSED, State.CRITICAL])
@pytest.mark.parametrize(
    "text",
    [
        "It is wrong that the cluster is {}.",
        "The cluster is {}. That is wrong.",
        "The cluster is {}? No.",
        "The cluster is {} no more.",
        "The {} state is over.",
        "The verdict {} is wrong.",
        "The {} verdict is not right.",
        "The {} verdict can be ignored.",
        "Nobody says that the cluster is {}.",
        "I do not think it is {}.",
        "I don't believe that history and the cluster are {}.",
        "The evidence does not show that the cluster is {}.",
        "There is no evidence that it is {}.",
        "It is not clear, with so few samples, that the cluster is {}.",
        "No part of the cluster is {}.",
        "No part of the cluster, as far as one sees, is {}.",
        "With none of the gates firing it is {}.",
        "None of the gates says it is {}.",
        "None of the gates, as shown, says it is {}.",
        "It was {} but is fine now.",
        "It was {} but that has passed.",
        "It was {} until a minute ago.",
        "It used to be {}.",
        "It is doubtful whether it is {}.",
        "Little suggests that it is {}.",
        "Calling the cluster {} would be too much.",
        "The {} state has passed.",
        "The {} verdict no longer holds.",
        "The rules say {} but it is not.",
        "The cluster would be {} only if matching failed.",
        "It only looks {}.",
        "It merely seems to be {}.",
        "It is supposedly {}.",
        "It is scarcely {}.",
        "It is rarely {}.",
        "It is hardly {}.",
        "It is nowhere near {}.",
    ],
)
def test_the_verdict_cannot_be_taken_back(text: str, state: State) -> None:
    assert contradiction(text.format(state), state, State.HAPPY) == f"not {state}"


@pytest.mark.parametrize("state", [State.STRESSED, State.CRITICAL])
@pytest.mark.parametrize(
    "text",
    [
        "With no workers on queue-1 the cluster is {}.",
        "Nothing polls the queue, so the cluster is {}.",
        "Nothing polls the queue, the cluster is {}.",
        "Nobody polls queue-1 so the cluster is {}.",
        "Nobody polls queue-1: the cluster is {}.",
        "Nobody polls queue-1 and the cluster is {}.",
        "No worker polls queue-1, which means that the cluster is {}.",
        "No worker polls queue-1 and G1 shows that the cluster is {}.",
        "Since no worker polls queue-1, the cluster is {}.",
        "The cluster is {} because no worker polls queue-1.",
        "The cluster has no workers on queue-1 and is {}.",
        "The cluster, which has no workers, is {}.",
        "The cluster is {} and not getting better.",
        "The cluster is {}. It is not known why.",
        "The cluster is {}. Do not ignore it.",
        "The cluster is {} until workers poll queue-1.",
        "The cluster is {}, matching is healthy, and the cluster needs workers.",
        "The cluster is {}. Start workers and confirm that it is stable.",
        "The cluster is {}; persistence latency is stable and does not limit it.",
        "The cluster has not recovered and is {}.",
        "There are no errors in the database; the cluster is {} because of queue-1.",
    ],
)
def test_a_negation_of_something_else_takes_nothing_back(text: str, state: State) -> None:
    assert contradiction(text.format(state), state, State.HAPPY, {"queue-1", "gate"}) == ""


OTHER_WORDS = st.sampled_from(["fine", "OK", "okay", "alright", "stable", "healthy", "*fine*"])
REACHED = st.sampled_from(
    ["reached", "entered", "hit", "counts as", "shows as", "means", "ranks as", "scores", "proved"]
)


@given(SUBJECTS, REACHED, OTHER_WORDS, UNWELL)
def test_no_verb_hides_another_state(subject: str, verb: str, word: str, state: State) -> None:
    assert contradiction(f"{subject} {verb} {word}.", state, state)


@given(SUBJECTS, st.one_of(VERBS, st.just("is")), OTHER_WORDS, ENDS, UNWELL)
def test_no_other_word_for_well_hides_it(
    subject: str, verb: str, word: str, end: str, state: State
) -> None:
    assert contradiction(f"{subject} {verb} {word}{end}", state, state)


@pytest.mark.parametrize("state", [State.STRESSED, State.CRITICAL])
@pytest.mark.parametrize(
    "text",
    [
        "Matching is healthy, as is the cluster.",
        "Matching is healthy, so is the cluster.",
        "Matching is healthy. So is the cluster.",
        "Matching is healthy, and the cluster.",
        "Matching is healthy and the same is true of the cluster.",
        "Persistence is healthy and everything with it.",
        "The cluster is operating normally.",
        "The cluster operates normally.",
        "It's working as expected.",
        "Everything is running smoothly.",
        "It is in good shape.",
        "It is normal.",
        "All good.",
        "The cluster is doing well.",
        "The cluster works again.",
    ],
)
def test_another_state_is_refused_in_other_words(text: str, state: State) -> None:
    assert contradiction(text, state, state, {"queue-1"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A critical issue holds it back.", "critical"),
        ("A critical issue needs attention.", "critical"),
        ("It has a critical backlog.", "critical"),
        ("There is a critical problem.", "critical"),
        ("Matching suffers from critical latency.", "critical"),
        ("There is no critical issue.", ""),
        ("No critical backlog is seen.", ""),
        ("Watch for critical errors.", ""),
        ("It is critical to keep pollers.", ""),
        ("It is stable and operating normally.", ""),
    ],
)
def test_where_all_is_well_there_is_no_trouble(text: str, found: str) -> None:
    assert contradiction(text, State.HAPPY, State.HAPPY) == found


@given(
    st.lists(st.sampled_from([*WORDS, "not", "nor", "but", "no longer", ",", "."])), NAMED, NAMED
)
def test_no_words_around_it_hide_another_state(around: list[str], word: str, verdict: str) -> None:
    assume(WORDS[word] is not WORDS[verdict])
    text = f"{' '.join(around)} The cluster is {word}"
    assert contradiction(text, WORDS[verdict], WORDS[verdict])


@given(
    st.sampled_from(
        [
            "Previous state: {}.",
            "The previous state is {}.",
            "The prior state was {}.",
            "(before: {})",
            "It is worse (previously {}).",
            "It was {} before.",
            "It had been **{}**.",
        ]
    ),
    NAMED,
    VERDICTS,
    VERDICTS,
)
def test_the_state_before_is_said_as_the_one_before(
    text: str, word: str, state: State, previous: State
) -> None:
    found = contradiction(text.format(word), state, previous)
    assert found == ("" if WORDS[word] in (state, previous) else word)


@given(PARTS, MARKED, ENDS, UNWELL)
def test_a_part_may_be_in_any_state(
    said: str, marked: tuple[str, str], end: str, state: State
) -> None:
    text = f"{said.format(marked[1])}{end}"
    assert contradiction(text, state, State.HAPPY, {"history", "queue-1"}) == ""


@given(PARTS, NAMED, ENDS)
def test_a_part_is_as_the_whole_where_all_is_well(said: str, word: str, end: str) -> None:
    denies = any(no in said for no in ("No ", "Neither", "not"))
    assume(denies == (WORDS[word] is State.HAPPY))
    assert contradiction(f"{said.format(word)}{end}", State.HAPPY, State.HAPPY)


@pytest.mark.parametrize(
    ("text", "blamed"),
    [
        ("Temporal's history is healthy.", "history"),
        ("The history service is healthy.", "history"),
        ("Matching and history are healthy.", "history"),
        ("History is not stressed.", "history"),
        ("queue-1 is healthy.", "queue-1"),
        ("Workers are healthy.", "queue"),
        ("All pollers are healthy.", "queue"),
        ("The database is healthy.", "persistence"),
        ("All services are healthy.", "service"),
    ],
)
def test_a_part_that_the_evidence_blames_is_as_the_whole(text: str, blamed: str) -> None:
    assert contradiction(text, State.STRESSED, State.HAPPY, {blamed})
    assert not contradiction(text, State.STRESSED, State.HAPPY, {"frontend"})


@given(OF_OTHERS, NAMED, SEEN)
def test_what_is_no_verdict_can_be_said(text: str, word: str, state: State) -> None:
    assert contradiction(text.format(word), state, state) == ""


@pytest.mark.parametrize(
    "text",
    [
        "It was happy before and is stressed now.",
        "It was healthy, and went from happy to stressed, but is not critical.",
        "Restart the workers and wait until the state is no longer stressed.",
        "Check that queue-1 is not stressed.",
        "It would become critical if matching went down.",
        "The previous state is happy, the present one is stressed.",
        "It is stressed rather than critical.",
        "It is not just stressed.",
        "Nothing is critical yet.",
        "Neither history nor matching is critical.",
        "Nobody polls queue-1 and the cluster is not critical.",
        "The cluster is stressed because nobody polls queue-1, while history is healthy.",
        "It has not recovered.",
        "The other services are healthy.",
        "It is not critical; a healthy cluster has pollers.",
    ],
)
def test_what_a_good_model_writes_can_be_said(text: str) -> None:
    blamed = {"queue", "queue-1", "service"}
    assert contradiction(text, State.STRESSED, State.HAPPY, blamed) == ""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It was not happy.", "not happy"),
        ("It was critical.", "critical"),
        ("It is not critical, and would be healthy with more workers.", "healthy"),
        ("It is no longer critical, and will be happy once workers poll.", "happy"),
        ("It is not critical. Rather happy.", "happy"),
        ("The workers are healthy, and the cluster too.", "healthy"),
        ("Even if the workers are gone, the cluster is healthy.", "healthy"),
        ("Sure the cluster is healthy.", "healthy"),
        ("Check: the cluster is healthy.", "healthy"),
        ("Nothing polls queue-1, the cluster is critical.", "critical"),
        ("The cluster is not only stressed but critical.", "critical"),
    ],
)
def test_what_is_not_clear_is_refused(text: str, found: str) -> None:
    assert contradiction(text, State.STRESSED, State.HAPPY) == found
