"""What the pipeline says of pairs, in the language of the reader: checks, kinds, the builtin teacher."""

from slm_factory.language import N_, _

LABELS = (
    *(
        N_("answered in the document"),
        N_("no refusal"),
        N_("empty"),
        N_("question length"),
        N_("answer length"),
    ),
    *(N_("language"), N_("boilerplate"), N_("leaked prompt text"), N_("order to a model")),
    *(N_("dangling reference"), N_("question gives the answer away"), N_("no evidence")),
    *(N_("evidence not in the chunk"), N_("number without evidence"), N_("amount without evidence")),
    *(
        N_("date without evidence"),
        N_("name without evidence"),
        N_("unsupported claim"),
        N_("wrong arithmetic"),
    ),
    *(N_("ambiguous question"), N_("duplicate question"), N_("near duplicate"), N_("duplicate")),
    *(N_("not scored"), N_("from feedback")),
)
NAMES = (
    *(N_("fact"), N_("definition"), N_("procedure"), N_("contact"), N_("comparison"), N_("cause")),
    *(N_("calculation"), N_("abstain"), N_("faithfulness"), N_("completeness"), N_("usefulness")),
)
LANGUAGES = {"ko": N_("Korean"), "en": N_("English")}
SENTENCES = (
    N_("the evidence supports every number and word of the answer"),
    N_("the evidence supports most words of the answer"),
    N_("the evidence supports only part of the answer"),
    N_("the evidence does not support the answer"),
    N_("the evidence does not stand in the source"),
    N_("the source has every word of the question"),
    N_("the answer repeats the question"),
    N_("the answer adds nothing to the question"),
    N_("the pair points at its document"),
)
BEGINNINGS = (
    N_("the evidence does not say %s"),
    N_("the evidence says %s"),
    N_("the source does not say %s"),
    N_("the answer leaves out %s"),
    N_("the answer is not in the language of the document %s"),
)
KNOWN = frozenset((*LABELS, *NAMES, *SENTENCES))


def label(name: str) -> str:
    """A label or kind that the pipeline gives, translated; anything else as it is."""
    if name.startswith("score below "):
        return _("score below %s") % name.removeprefix("score below ")
    return _(name) if name in KNOWN else name


def problem(reason: str) -> str:
    """What is said against a pair: its label translated, the detail after it as it is."""
    name, colon, detail = reason.partition(": ")
    if name.startswith("score below "):
        marks = (mark.partition(" ") for mark in detail.split(", "))
        detail = ", ".join(f"{label(mark)} {value}" for mark, _space, value in marks)
    return f"{label(name)}{colon}{detail}"


def judgement(reason: str, teacher: str) -> str:
    """A teacher's reason for its marks; a model gives it in words of its own."""
    if teacher != "builtin":
        return reason
    for beginning in BEGINNINGS:
        if reason.startswith(beginning[:-2]):
            return _(beginning) % reason[len(beginning) - 2 :]
    return label(reason)
