"""Sentences that give the all-clear without a word for a state, and letters that hide one."""

import re
import unicodedata

from copilot.explain.state_vocabulary import words_of

_ACTION = r"(?:action|intervention|attention|response|follow up|remediation|measures|steps)"
_TROUBLE = r"(?:problems?|issues?|trouble|concerns?)"
_CLUSTER = r"(?:with|in|on|for) (?:the |this |your |our )?(?:cluster|system|temporal|it)\b"
_ALL_CLEAR = re.compile(
    r"\b(?:all|everything) (?:is|'s|looks|seems) (?:\w+ly )?(?:well|good|calm|normal|in order)\b"
    rf"|\bno (?:\w+ ){{0,2}}{_ACTION} (?:is |are |needs? to be |has to be )?"
    r"(?:needed|required|necessary|taken)\b"
    rf"|\bnot (?:need|require|call for) (?:any )?(?:\w+ )?{_ACTION}\b"
    r"|\bno (?:need|cause|reason) (?:to (?:act|worry|do)|for (?:\w+ )?(?:action|concern|alarm))\b"
    r"|\bnothing to do\b(?! with)|\bneed not (?:act|worry|do)\b|\bdo nothing\b|\brest easy\b"
    r"|\bnot (?:need|have) to (?:act|worry|do anything)\b"
    r"|\bnothing (?:needs to|has to|must|to) (?:be )?(?:done?|fixed|fix|worry)\b"
    r"|\bnothing (?:is |'s |seems |looks )?(?:\w+ly )?(?:wrong|broken|amiss)\b"
    rf"|\bno (?:\w+ )?{_TROUBLE} (?:(?:is |are |was |were )?(?:seen |found )?[.!;,]|{_CLUSTER})"
    r"|(?<!not )(?<!never )\b(?:ignore|ignoring|disregard|dismiss)\b"
    r"|\bbe (?:\w+ly )?(?:ignored|disregarded|dismissed)\b|\bfalse (?:alarm|alert|positive)\b"
)
# In English they stand in no word, but look like those that do.
_UNSEEN = {"Cf", "Mn", "Me"}
_MICRO = "\u00b5\u03bc"


def all_clear(text: str) -> str:
    """The words by which it says that nothing is to be done; empty where it does not."""
    found = _ALL_CLEAR.search(" ".join(words_of(text)))
    return found.group() if found else ""


def disguised(text: str) -> str:
    """The names of the characters by which a word may not be what it looks like, or empty.

    They are letters that are not ASCII, but for the one of microseconds, and what is not seen
    between letters: a "healthy" of them would be read by people, and not by the rules.
    """
    hidden = [
        letter
        for before, letter in zip(" " + text, text, strict=False)
        if not letter.isascii()
        and (
            (letter.isalpha() and letter not in _MICRO)
            or (unicodedata.category(letter) in _UNSEEN and before.isalnum())
        )
    ]
    return ", ".join(unicodedata.name(letter, ascii(letter)).lower() for letter in hidden[:3])
