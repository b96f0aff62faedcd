"""The words by which a text says something of a state; state_words.py is the grammar."""

import re

from copilot.health.decision import State


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


STATES = {state.value: state for state in (State.HAPPY, State.STRESSED, State.CRITICAL)} | {
    "healthy": State.HAPPY,
    "recovered": State.HAPPY,
    "fine": State.HAPPY,
    "ok": State.HAPPY,
    "okay": State.HAPPY,
    "alright": State.HAPPY,
    "stable": State.HAPPY,
    "stabilized": State.HAPPY,
    "unaffected": State.HAPPY,
}
VERBS = _set(
    ": = 's is are am be been being was were remain remains remained stay stays stayed keep keeps"
    " kept look looks looked seem seems seemed appear appears appeared feels felt become becomes"
    " became turn turns turned get gets got go goes went grow grew return returns returned change"
    " changes changed move moves moved fell rose improved dropped downgraded upgraded continues"
    " stands sits ends runs ran works operates has have had reach reaches reached enter enters"
    " entered hit hits count counts counted show shows showed mean means meant rank ranks ranked"
    " score scores scored qualify qualifies qualified pass passes passed prove proves proved"
)
CHANGES = _set("become turn get go grow return keep stay remain change move reach enter")
PRESENT_CHANGES = _set("becomes turns gets goes returns changes")
# Before the former and after the latter they tell of what may come, or make nouns of them.
NOT_NOW = _set("would could may might can should will must to help helps a the")
ONE_DAY = _set("when if once unless")
NOT = _set("not never no neither nor nothing none nobody hardly barely scarcely rarely seldom less")
# After "not" they affirm.
ONLY = _set("only just merely simply")
SEEMS = _set("look looks looked seem seems seemed appear appears appeared feels felt")
"""With one of ONLY before them they deny."""
HEDGES = _set(
    "almost nearly supposedly allegedly purportedly ostensibly falsely wrongly mistakenly"
)
# A negation of one of them, or of its subject, is one of all that is said by it.
SAYING = _set(
    "say says said saying think thinks believe believes show shows showing suggest suggests mean"
    " means indicate indicates tell tells claim claims consider call calls find finds see sees"
    " prove proves confirm confirms imply implies support supports agree agrees make makes justify"
    " justifies warrant warrants clear evident certain sure convinced evidence proof sign signs"
    " reason"
)
# Between a negation and one of SAYING they begin something new.
AFRESH = _set("and which this so what : =")
# A negation after one of them is of a thing beside the clause.
BESIDE = _set("with which")
# Adverbs in -ly are fillers too.
FILLERS = ONLY | _set(
    "a an the this that in at to into as of and or yet now still again already rather quite very"
    " also too both either then thus hence indeed overall all any even more most well back"
    " today longer so condition shape sort kind"
)
# Between a negation and the state that it denies.
DENIED = _set(
    "a an the in at to yet all any more longer so very that really actually currently even now"
    " considered fully completely entirely anymore state situation condition nor or being been"
)
# Subjects that are the whole, and everything that is no PART is taken for it.
CLUSTER = _set("cluster it state status system health temporal verdict situation we everything")
CALLS = _set("call calls called say says said consider rate rates rated judge judged name deem")
"""What follows them needs no other verb."""
_NAMES = (
    r"(?:queue|namespace|workflow-type)-\d+|g\d+|history|matching|frontend|persistence|database"
)
_PARTS = (
    rf"{_NAMES}|store|latency|lag|(?:worker|poller|gate|queue|shard|service|task|error|log|host"
    r"|workflow|namespace|slot|backlog)s?"
)
NAME = re.compile(_NAMES)
"""A part that there is once; the words around it are about it."""
PART = re.compile(_PARTS)
# What a state's word before them is about.
NOUN = re.compile(
    rf"{_PARTS}|(?:limit|threshold|level|pattern|value|path|issue|problem|connection|node|process"
    r"|component|resource|section|step|instance|role|request|severity|signal|load|point|part)s?"
)
# Where all is well, a state's word before them says that it is not.
TROUBLES = _set("issue problem backlog error latency lag load")
OTHERS = _set("other others remaining")
# What is said of a part may be said of the whole with one of them.
ALIKE = _set("too also likewise same so like well")
_WHOLE = f"(?:{'|'.join(sorted(CLUSTER))}|all|rest)"
# Anywhere in the text they say of the whole what is said of a part.
ALIKE_ALL = re.compile(
    r"\b(?:as|so|also|likewise|same) (?:is|are|was|does|goes|holds|true)"
    rf"(?: \w+){{0,2}} {_WHOLE}\b"
    rf"|\b(?:with|like|plus)(?: the| this| our)? {_WHOLE}\b"
    rf"|\b(?:and|plus)(?: the| this| our)?(?: whole| entire)? {_WHOLE}(?: [.!?;,]|$)"
)
# Of any cluster, and not this one, where one of GENERIC follows.
ANY = _set("a any every")
GENERIC = _set("has keeps needs shows completes would should does can")
# Parts by other names: blaming one blames these.
ALSO = {
    "queue": _set("worker poller task backlog namespace"),
    "workflow": _set("worker task namespace"),
    "persistence": _set("database store"),
    "shard": _set("history host"),
}
PAST = _set("previous prior before previously formerly earlier from")
PAST_FILLERS = _set("is was were be been had : = a an the in state status verdict still")
COMMANDS = _set("check confirm verify ensure see watch")
"""Wishes where they begin a clause, or follow one of BEFORE_COMMANDS."""
BEFORE_COMMANDS = _set(", and then")
WISHES = COMMANDS | _set("until unless if whether once")
NO_WISH = _set("as even doubtful unclear uncertain questionable debatable")
WISHED = _set("the this that your our its 's")
# Before a denial in its clause they turn it round, or make a wish or a case of it.
TURNS = (
    NOT
    | WISHES
    | _set(
        "would could may might can should will must cannot claim claims confirm see say says that"
        " think thinks wait when without"
    )
)
# Anywhere in the text they may be about the denial.
DOUBT = re.compile(
    r"\b(?:case|den(?:y|ies|ied)|doubt\w*|false|ignore|incorrect|mistake\w*|pretend\w*|true|untrue"
    r"|wrong\w*)\b"
)
_OVER = "(?:over|past|passed|gone|ended|resolved|cleared|wrong|false)"
# Anywhere in the text they may take back what was claimed.
TAKEN_BACK = re.compile(
    r"\bnot (?:true|right|correct|the case|justified|warranted|accurate|real|valid)\b"
    r"|\b(?:den(?:y|ies|ied)|disagree\w*|doubt\w*|untrue)\b"
    r"|\b(?:wrong|false|incorrect|mistaken?) (?:that|to)\b"
    r"|\b(?:nobody|none|nothing) (?:says|thinks|shows|tells)\b"
    r"|(?<!not )(?<!never )\b(?:ignor\w+|disregard\w*|dismiss\w*)\b"
    r"|\b(?:overstat\w+|exaggerat\w+|unlikely|impossible)\b"
    r"|\b(?:false (?:alarm|alert|positive)|so called|used to be|not so [.,;]|hard to say)\b"
    r"|\b(?:unclear|uncertain|questionable|debatable) (?:whether|if|that)\b|\bin name only\b"
    r"|\b(?:few|little) (?:\w+ )?(?:says?|shows?|suggests?|indicates?)\b"
    rf"|\b(?:calling|to call|to say) (?:[\w']+ ){{0,5}}(?:{'|'.join(STATES)})\b"
    rf"|\b(?:{'|'.join(STATES)}) (?:state|status|verdict|label) not\b"
    r"|\b(?:it|cluster) is not (?:[.!;,]|$)"
    r"|\bfail(?:s|ed)? to (?:show|prove|say)\b"
    rf"|\b(?:{'|'.join(STATES)}) (?:(?!and\b)\w+ )?"
    rf"(?:(?:does|can|need|should|is) not|(?:is|was|has) (?:\w+ )?{_OVER})\b"
    r"|\b(?:that|this|it|which) (?:is|'s|would be) (?:wrong|false|incorrect|mistaken|a mistake)\b"
)
# In the rest of the sentence they end what was.
ENDED = _set("but until ago")
# A clause ends with one, and with a comma.
ENDS = _set(". ! ? ; but because although though while whereas since however")

_WORK = "(?:operat|work|run|runn|function|behav|perform)"
_AS_IT_SHOULD = (
    r"(?:\w+ly )?(?:normally|properly|smoothly|fine|well"
    r"|as (?:expected|usual|normal|it should))\b"
)
# In this order; the last makes spaces of markup, quotes, brackets and hyphens.
_REWRITTEN = tuple(
    (re.compile(form), instead)
    for form, instead in (
        (r"n['\u2019]t\b", " not"),
        (r"['\u2019]re\b", " are"),
        (r"(?<=\w)['\u2019]s\b", " <s "),
        (r"\bcannot\b", "can not"),
        (r"\btemporal[- ](?=frontend|history|matching|worker)", ""),
        (r"\bno longer\b|\b(?:far|free) from\b|\b(?:rather|less) than\b|\binstead of\b", " not "),
        (
            r"\bnowhere near\b|\banything but\b|\bby no means\b|\bin no way\b|\bnon[- ]"
            r"|\bun(?=happy|healthy|stable\b)",
            " not ",
        ),
        (r"\b(?:stop|stops|stopped|cease|ceases|ceased) (?:to be|being)\b", " not "),
        (rf"\b(?:leaves|left|exited|out of|past) (?:the |its )?(?={'|'.join(STATES)})", " not "),
        (r"\bonce (?:again|more)\b", "again"),
        (r"\b(appears?|appeared|seems?|seemed|continues) to be\b", r"\1"),
        (r", so\b(?! (?:is|are|does)\b)", "; "),
        (
            r"\bback to normal\b|\bin (?:good|full|perfect) (?:health|shape|order|condition)\b"
            r"|\ball right\b"
            r"|(?<!\bas )\b(?:normal|well|good|green)(?=\s*(?:[.!?,;]|$|again\b|now\b))",
            "healthy",
        ),
        (rf"\b{_WORK}ing {_AS_IT_SHOULD}", "healthy"),
        (rf"\b{_WORK}(?:e?s)? {_AS_IT_SHOULD}", "is healthy"),
        (r"\bworks? again\b", "is healthy"),
        (r"\bnothing but\b", "only"),
        (r"\bmake sure\b", "ensure"),
        (r"\n\s*(?:[-*#\n]|\d+\.)", "; "),
        (r"\s[-\u2013]+\s|\u2014", ", "),
        (r"[^\w\s.!?;,:=<-]|_|-(?!\d|type-)", " "),
        (r"<s", "'s"),
    )
)
_WORD = re.compile(r"'s|[a-z]+(?:-[a-z]+)*-\d+|\w+(?:[.,]\d+)*|[.!?;,:=]")


def words_of(text: str) -> list[str]:
    """Its words in lower case, and its punctuation, without markup and quotes."""
    text = text.lower()
    for form, instead in _REWRITTEN:
        text = form.sub(instead, text)
    return _WORD.findall(text)
