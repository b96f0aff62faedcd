"""How a text says that a state is there: whether it claims it, denies it, or is not clear."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from copilot.explain import state_vocabulary as known


class Way(Enum):
    CLAIMED = auto()
    DENIED = auto()
    UNCLEAR = auto()


@dataclass(frozen=True)
class Named:
    """A word for a state, with its clause and what follows."""

    word: str
    sentence: Sequence[str]
    """Its sentence up to it."""
    subject: Sequence[str]
    """Up to the verb, with clauses before it that have none. Empty without a verb."""
    verb: str
    between: Sequence[str]
    """From the verb, or the clause's begin, to the word."""
    after: Sequence[str]
    """The rest of the sentence, with its end."""
    cut: bool
    """A negation stands before a comma, and may go on here."""


def fills(word: str) -> bool:
    return word in known.FILLERS or word.endswith("ly")


def way_of(named: Named, text: str) -> Way:
    """How it is said. What is asked, doubted or turned round is not clear."""
    following, after_that, *_ = [*named.after, "", ""]
    is_taken_back = following in known.NOT - {"nor"} and after_that not in known.STATES
    if is_taken_back or "?" in named.after[-1:] or _is_said_by_none(named) or _is_hedged(named):
        return Way.UNCLEAR
    between = _after_last("and", named.between)
    subject = _after_last("and", _after_last(",", named.subject))
    turns: Sequence[str]
    if denied := _negations(between):
        first, *more = denied
        gap = _after_last("nor", between[first + 1 :])
        if gap and gap[0] in known.ONLY:
            return Way.CLAIMED
        is_plain = not more and all(word in known.DENIED or word in known.STATES for word in gap)
        turns = [*subject, *between[:first]]
    elif (denied := _negations(subject)) and all(
        # "Nothing is", "neither history nor matching is".
        fills(word) or known.PART.fullmatch(word) or word == "nor"
        for word in subject[denied[-1] + 1 :]
    ):
        is_plain = True
        turns = subject[: denied[-1]]
    elif known.TAKEN_BACK.search(text) or _is_of_none(named) or (named.cut and not named.verb):
        return Way.UNCLEAR
    else:
        return Way.CLAIMED
    is_plain = is_plain and known.TURNS.isdisjoint(turns) and not known.DOUBT.search(text)
    return Way.DENIED if is_plain else Way.UNCLEAR


def _is_said_by_none(named: Named) -> bool:
    """Whether it is what is not thought or shown: "I do not think", "none of the gates says"."""
    for place in _negations(named.sentence):
        for word in named.sentence[place + 1 : place + 9]:
            if word in known.AFRESH:
                break
            if word in known.SAYING:
                return True
    return False


def _is_hedged(named: Named) -> bool:
    """Whether it only looks so, or would be so."""
    before = named.subject[-1:]
    if named.verb == "be" and not known.NOT_NOW.isdisjoint(named.subject[-2:]):
        return True
    if named.verb in known.SEEMS and not known.ONLY.isdisjoint(before):
        return True
    return not known.HEDGES.isdisjoint([*before, *named.between])


def _is_of_none(named: Named) -> bool:
    """Whether its subject is denied: "no part of it", and not "with no workers the cluster"."""
    clause = named.subject
    # Something is put in between the subject and its verb.
    is_parted = "," in clause[-1:]
    for mark in ("and", ":", "so") if is_parted else ("and", ",", ":", "so"):
        clause = _after_last(mark, clause)
    return any(
        (clause[max(place - 1, 0)] not in known.BESIDE or "of" in clause[place + 1 : place + 3])
        # Of another state it is no negation of this one: "not stressed: critical".
        and known.STATES.keys().isdisjoint(clause[place:])
        for place in _negations(clause)
    )


def _after_last(mark: str, words: Sequence[str]) -> Sequence[str]:
    return words[len(words) - words[::-1].index(mark) :] if mark in words else words


def _negations(words: Sequence[str]) -> list[int]:
    """Where they are; "nor" goes on with another, and counts only without it."""
    places = [place for place, word in enumerate(words) if word in known.NOT]
    return [place for place in places if words[place] != "nor"] or places[:1]
