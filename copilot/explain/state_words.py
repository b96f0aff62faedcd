"""What a text says of the state, and whether that contradicts the rules' verdict.

No grammar, but a list of forms. What is in none of them counts as it did without this list: a true
sentence may be taken for a contradiction, and then the template stands.
"""

import re
from collections.abc import Iterator

from copilot.health.decision import State

_STATE = rf"(?:{State.HAPPY}|healthy|{State.STRESSED}|{State.CRITICAL})"
_VERB = r"\b(?:is|are|was|were|remains|looks|now|currently|state|status)"
_STATES = re.compile(rf"\b{_STATE}\b", re.IGNORECASE)
_CLAIM = re.compile(rf"{_VERB}\s*[:=]?\s*(?:\w+\s+)?(?P<state>{_STATE})\b", re.IGNORECASE)
# One negation between the verb and the state, or states, that it is about.
_DENIAL = re.compile(
    rf"{_VERB}(?:n['\u2019]t|\s*[:=]?\s*(?:not(?:\s+yet)?|no\s+longer|never|neither))\s+{_STATE}"
    rf"(?:,?\s+(?:nor(?:\s+(?:is|was)\s+it)?|or)\s+{_STATE})*\b",
    re.IGNORECASE,
)
_IS_PAST = re.compile(r"\b(?:was|were)", re.IGNORECASE)
_BEFORE = re.compile(r"\b(?:was|were|been|from|previously)\s+$", re.IGNORECASE)
_CLAUSE_END = re.compile(
    r"[,;:()\n]|[.!?]\s|\b(?:although|because|but|though|while)\b", re.IGNORECASE
)
# Before a denial in its clause they turn it round, or make a wish or a case of it.
_TURN = re.compile(
    r"n['\u2019]t\b|\b(?:barely|cannot|check|claims?|confirm|could|ensure|hardly|if|may|might|must|"
    r"neither|never|no|nobody|none|nor|not|nothing|once|says?|see|should|that|thinks?|unless|until|"
    r"verify|wait|when|whether|will|without|would)\b",
    re.IGNORECASE,
)
# Anywhere in the text they may be about the denial.
_DOUBT = re.compile(
    r"\b(?:case|den(?:y|ies|ied)|doubt\w*|false|ignore|incorrect|mistake\w*|pretend\w*|true|untrue|"
    r"wrong\w*)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"[^.!\n]*\?")


def contradiction(text: str, state: State, previous: State) -> str:
    """The state that the text gives instead of `state`, or of `previous` as the one before.

    Empty where it gives none. It may deny another state, and then has to account for every state
    that it names, because what follows "not critical" needs no verb.
    """
    denials = list(_plain_denials(text))
    for denial in denials:
        told = {state, previous} if _IS_PAST.match(denial.group()) else {state}
        for word in _STATES.findall(denial.group()):
            if _named(word) in told:
                return f"not {word.lower()}"
    claims = {claim.start("state"): claim for claim in _CLAIM.finditer(text)}
    for named in _STATES.finditer(text):
        if any(denial.start() <= named.start() < denial.end() for denial in denials):
            continue
        claim = claims.get(named.start())
        is_past = _BEFORE.search(text, 0, named.start()) or (
            claim and _IS_PAST.match(claim.group())
        )
        told = {state, previous} if is_past else {state}
        if (claim or denials) and _named(named.group()) not in told:
            return named.group().lower()
    return ""


def _named(word: str) -> State:
    return State.HAPPY if word.lower() == "healthy" else State(word.lower())


def _plain_denials(text: str) -> Iterator[re.Match[str]]:
    if _DOUBT.search(text):
        return
    for denial in _DENIAL.finditer(text):
        clause = 0
        for end in _CLAUSE_END.finditer(text, 0, denial.start()):
            clause = end.end()
        if not _TURN.search(text, clause, denial.start()) and not _QUESTION.match(
            text, denial.end()
        ):
            yield denial
