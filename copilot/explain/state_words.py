"""What a text says of the state, and whether that contradicts the rules' verdict.

A small grammar: a text is clauses; in a clause a word for a state follows a verb, or nothing but
fillers; before the verb stands the subject. What is said is about the cluster, unless the subject
is a part of it that the evidence does not blame. What is not clear contradicts: a true sentence may
be lost by that, and then the template stands.
"""

from collections.abc import Sequence, Set
from itertools import zip_longest

from copilot.explain import state_vocabulary as known
from copilot.explain.state_denials import Named, Way, fills, way_of
from copilot.explain.state_vocabulary import words_of
from copilot.health.decision import State


def contradiction(text: str, state: State, previous: State, blamed: Set[str] = frozenset()) -> str:
    """The state that the text gives instead of `state`, or of `previous` as the one before.

    Empty where it gives none. It may deny another state, and say what it likes of parts of the
    cluster that are not in `blamed`: words of the evidence, such as history or queue-1. Where all
    is well or nothing is seen, a part is taken for the whole.
    """
    words = words_of(text)
    text = " ".join(words)
    free_parts = state in (State.STRESSED, State.CRITICAL)
    for named in (_named(words, at) for at, word in enumerate(words) if word in known.STATES):
        if not _is_trouble(named, state) and _tells_nothing(named):
            continue
        if free_parts and _is_of_a_part(named, _with_others(blamed), text):
            continue
        is_past = _is_past(named)
        told = {state, previous} if is_past else {state}
        # What is not seen is not known to be no trouble.
        kept = told | {State.STRESSED, State.CRITICAL} if state is State.UNKNOWN else told
        way = way_of(named, text)
        if is_past and known.STATES[named.word] is state and known.ENDED.intersection(named.after):
            way = Way.UNCLEAR
        if way is not Way.CLAIMED and known.STATES[named.word] in kept:
            return f"not {named.word}"
        if way is Way.UNCLEAR or (way is Way.CLAIMED and known.STATES[named.word] not in told):
            return named.word
    return ""


def _named(words: Sequence[str], at: int) -> Named:
    sentence = max((n + 1 for n in range(at) if words[n] in known.ENDS), default=0)
    end = next((n for n in range(at, len(words)) if words[n] in known.ENDS), len(words))
    commas = [n for n in range(sentence, at) if words[n] == ","]
    *earlier, begin = [sentence, *(comma + 1 for comma in commas)]
    verb = max((n for n in range(begin, at) if words[n] in known.VERBS), default=None)
    subject = begin
    # A list, or something put in: the verb's subject began before it.
    for start in reversed(earlier):
        if not known.VERBS.isdisjoint(words[start:subject]):
            break
        subject = start
    return Named(
        word=words[at],
        sentence=words[sentence:at],
        subject=[] if verb is None else words[subject:verb],
        verb="" if verb is None else words[verb],
        between=words[begin if verb is None else verb + 1 : at],
        after=words[at + 1 : end + 1],
        cut=any(words[comma - 1] in known.NOT for comma in commas),
    )


def _is_trouble(named: Named, state: State) -> bool:
    """Whether it is of a trouble where all is well: "it has a critical backlog"."""
    noun = named.after[0].removesuffix("s") if named.after else ""
    return (
        state is State.HAPPY
        and known.STATES[named.word] is not state
        and noun in known.TROUBLES
        and known.WISHES.isdisjoint(named.sentence)
    )


def _tells_nothing(named: Named) -> bool:
    """Whether it is about something else, or about what may come."""
    following, after_that, *_ = [*named.after, "", ""]
    if known.NOUN.fullmatch(following):
        return True
    if not named.verb:
        return not _stands_alone(named, following, after_that)
    if named.verb in known.CHANGES:
        before = [word for word in named.subject if word not in known.NOT and word[-2:] != "ly"]
        if not known.NOT_NOW.isdisjoint(before[-1:]):
            return True
    if named.verb in known.PRESENT_CHANGES and following in known.ONE_DAY:
        return True
    # "It is critical to ...", and "that ...".
    is_impersonal = list(named.subject) == ["it"] and named.word == State.CRITICAL
    if is_impersonal and following in {"to", "that"} and not fills(after_that):
        return not known.NOT.intersection(named.between)
    return _is_wished(named.subject)


def _stands_alone(named: Named, following: str, after_that: str) -> bool:
    """Whether without a verb it says something of the cluster, or of a part of it."""
    skipped = known.NOT | known.STATES.keys() | known.PAST
    nouns = [word for word in named.between if not fills(word) and word not in skipped]
    if after_that in known.GENERIC and not known.ANY.isdisjoint(named.between[-1:]):
        return False
    if not nouns or not known.CLUSTER.isdisjoint([*nouns, following]) or nouns[-1] in known.CALLS:
        return True
    return all(map(known.PART.fullmatch, nouns))


def _is_wished(subject: Sequence[str]) -> bool:
    """Whether it is what to wait for or to check: "until the cluster", "ensure that it"."""
    wish = max((n for n, word in enumerate(subject) if word in known.WISHES), default=-1)
    if wish < 0:
        return False
    before = subject[wish - 1] if wish else ""
    if subject[wish] in known.COMMANDS and before and before not in known.BEFORE_COMMANDS:
        return False
    return before not in known.NO_WISH and all(
        word in known.WISHED or word in known.CLUSTER or known.PART.fullmatch(word)
        for word in subject[wish + 1 :]
    )


def _with_others(blamed: Set[str]) -> Set[str]:
    """With the other words by which a text may mean them, all in the singular."""
    stems = {word.removesuffix("s") for word in blamed}
    return stems.union(*(known.ALSO.get(stem, ()) for stem in stems))


def _is_of_a_part(named: Named, blamed: Set[str], text: str) -> bool:
    words = named.subject if named.verb else named.between
    nouns = [
        word
        for word, following in zip_longest(words, words[1:])
        if not fills(word) and word not in known.NOT and "'s" not in (word, following)
    ]
    if not nouns or not known.PART.fullmatch(nouns[-1]):
        return False
    is_of_both = not known.CLUSTER.isdisjoint([*nouns, *named.between])
    if is_of_both or known.ALIKE.intersection(named.after) or known.ALIKE_ALL.search(text):
        return False
    if not known.OTHERS.isdisjoint(nouns) and "than" not in nouns:
        return True
    names = [word for word in nouns if known.NAME.fullmatch(word)]
    return blamed.isdisjoint(word.removesuffix("s") for word in names or nouns)


def _is_past(named: Named) -> bool:
    passed = set[str]()
    for word in reversed([*named.subject, named.verb, *named.between]):
        if word in known.PAST:
            return True
        if word not in known.PAST_FILLERS and word not in known.NOT | known.STATES.keys():
            break
        passed.add(word)
    return not passed.isdisjoint({"was", "were", "had"})
