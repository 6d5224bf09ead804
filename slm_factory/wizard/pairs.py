"""The wizard's steps about pairs: generate and look at some, check, review now or later."""

import random
from collections import Counter
from pathlib import Path

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.language import N_, _
from slm_factory.wizard.screen import Back, Screen

GENERATED = Path("data/generate.parquet")
SCORED = Path("data/score.parquet")
PAIRS_SHOWN = 5
EVIDENCE_SHOWN = 200  # characters

REASONS = (  # of validate and score, before their colon
    *(N_("question length"), N_("answer length"), N_("boilerplate"), N_("leaked prompt text")),
    *(N_("dangling reference"), N_("question gives the answer away"), N_("no evidence")),
    *(N_("evidence not in the chunk"), N_("number without evidence"), N_("amount without evidence")),
    *(N_("date without evidence"), N_("name without evidence"), N_("unsupported claim")),
    *(N_("wrong arithmetic"), N_("ambiguous question"), N_("duplicate question"), N_("near duplicate")),
    N_("not scored"),
)

BELOW = "score below "  # and the threshold


def generating(screen: Screen) -> None:
    """Lets the teacher write the pairs, and shows five of them beside their evidence."""
    screen.demand("run", "--until", "generate")
    pairs = files.read_rows(GENERATED)
    if not pairs:
        raise UserError(
            _("error: no pair was generated"), _("hint: metrics/generate.json tells why; b goes back")
        )
    chooser = random.Random()
    while True:
        for pair in chooser.sample(pairs, min(PAIRS_SHOWN, len(pairs))):
            show_pair(screen, pair)
        answer = screen.ask(_("Enter goes on, m shows five more, b goes back to the options:"))
        if answer != "m":
            return


def show_pair(screen: Screen, pair: Row) -> None:
    """A pair beside what it was made from; the id is that of `slm-factory trace`."""
    evidence = " ".join(pair["evidence"].split())
    cut = evidence[:EVIDENCE_SHOWN] + ("..." if len(evidence) > EVIDENCE_SHOWN else "")
    screen.tell(f"\n{pair['doc_id']}  {pair['pair_id']}", "dim")
    screen.hang("Q", pair["question"])
    screen.hang("A", pair["answer"])
    screen.hang("<", cut, "dim")


def checking(screen: Screen) -> None:
    """Validates and scores, and tells what was rejected for which reason."""
    screen.demand("run", "--until", "score")
    rows = files.read_rows(SCORED)
    kept = sum(row["is_kept"] for row in rows)
    reasons = Counter(
        reason.partition(":")[0] for row in rows if not row["is_kept"] for reason in row["reasons"]
    )
    screen.tell(_("%(kept)d of %(count)d pairs kept") % {"kept": kept, "count": len(rows)})
    if reasons:
        cells = [[str(count), why(reason)] for reason, count in reasons.most_common()]
        screen.table([_("rejected"), _("why")], cells, right=(0,))
    if not screen.agrees(_("Go on with these?")):
        raise Back


def why(reason: str) -> str:
    """A reason in the language of the wizard."""
    mark = reason.removeprefix(BELOW)
    return _(reason) if mark == reason else _("score below %s") % mark


def reviewing(screen: Screen) -> None:
    """Opens the review now, or leaves it for later: decisions are used by the next run."""
    if screen.agrees(_("Review pairs now? It can be done at any time."), False):
        screen.demand("tool", "review")
    else:
        screen.tell(_("Later:"))
        screen.ours("tool", "review")
