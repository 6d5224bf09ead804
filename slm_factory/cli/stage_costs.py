"""What a run would ask the teacher, stage by stage.

Requests about chunks and pairs that are there are built as the stages build them. What comes of chunks that
were never read (facts, and with them the requests of later stages) is forecast.
"""

from pathlib import Path
from statistics import fmean

from slm_factory.cli.forecast import (
    MEASURED_RANGE,
    Forecast,
    Range,
    Tasks,
    load_of,
)
from slm_factory.core import files, params, refinement
from slm_factory.core.files import Row
from slm_factory.core.store import Store
from slm_factory.core.tokens import estimate
from slm_factory.teachers import teacher
from slm_factory.teachers.tasks import DialogueInput, GenerateInput, ParaphraseInput, ScoreInput, Turn
from slm_factory.teachers.teacher import TeacherSettings
from stages import augment, dialogue, generate, score, split

# Assumed of what a model writes, in tokens with its share of the JSON. Together they are the 300 tokens of a
# fact with five questions and two answers that params.yaml speaks of.
FACTS_PER_1000_TOKENS = 20  # of a chunk; terse tables hold more, prose less
FACTS_RANGE = (0.4, 2.0)  # how far their number may lie from that
KEPT_RANGE = (0.7, 1.0)  # the share of them that checks and marks keep
FACT, QUESTION, ANSWER, MARK = 120, 22, 35, 60
TURN = QUESTION + ANSWER
EMPTY_TURN = Turn(question="", answer="")


class Run:
    """The forecasts of one run, each on top of those before it; of the teacher that is set, or of another."""

    def __init__(self, store: Store, settings: TeacherSettings | None = None) -> None:
        self.store = store
        self.settings = settings or params.load("teacher", TeacherSettings)
        self.guide = teacher.load(self.settings)
        self.generating = params.load("generate", generate.Params)
        self.wordings = self.generating.question_wordings * len(set(self.generating.audiences))
        self.new_chunks: dict[str, tuple[str, int]] = {}  # doc_id and tokens of those never read
        self.facts = Range()  # that they will give to the later stages

    def stages(self) -> list[Forecast]:
        """The four stages that ask a teacher, in their order."""
        return [self.generate(), self.score(), self.augment(), self.dialogue()]

    def generate(self) -> Forecast:
        """One request a chunk, built as the stage builds it."""
        chosen, _, _ = generate.choose(self.generating)
        documents = generate.read_documents(self.generating.domain)
        questions = generate.read_questions(self.generating.categories)
        tasks = generate.Tasks(documents, questions, chosen, self.generating)
        asked = Tasks(self.guide, tasks, "generate", generate.ANSWERS, self.assumed_answer, self.store)
        for chunk, key in zip(tasks.chunks(), asked.keys, strict=True):
            if key in asked.missing:
                self.new_chunks[chunk["chunk_id"]] = (chunk["doc_id"], estimate(chunk["text"]))
        found, past = asked.forecast(self.settings, spread=FACTS_RANGE)
        # A fact takes about the same tokens everywhere, so longer answers hold more of them.
        density = Range(past.answer, past.answer) * MEASURED_RANGE if past.answer else Range(*FACTS_RANGE)
        self.facts = Range(*map(self.facts_at, (density.low, density.high))) * KEPT_RANGE
        return found

    def score(self) -> Forecast:
        """One request a fact."""
        settings = params.load("score", score.Params)
        if not settings.enabled:
            return Forecast("score", basis="switched off")
        marking = score.scorer(settings, self.settings)
        guide = teacher.load(marking)
        texts = {
            row["chunk_id"]: row["text"] for row in files.stream_rows(score.CHUNKS, ["chunk_id", "text"])
        }
        pairs = [pair for pair in self.known(score.PAIRS) if pair["chunk_id"] in texts]
        facts = [[pairs[position] for position in group] for group in score.by_fact(pairs)]
        tasks = [score.task_of(fact, texts[fact[0]["chunk_id"]]) for fact in facts]
        asked = Tasks(guide, tasks, "score", score.ANSWERS, lambda task: MARK * len(task.pairs), self.store)
        chunk = fmean(tokens for _, tokens in self.new_chunks.values()) if self.new_chunks else 0.0
        turns = (EMPTY_TURN,) * self.wordings
        empty = ScoreInput(source="", evidence="", pairs=turns, language="ko")
        one = load_of(guide, empty, MARK * self.wordings, chunk + FACT / 2 + self.wordings * TURN)
        return asked.forecast(marking, one, self.facts)[0]

    def augment(self) -> Forecast:
        """One request a pair that is paraphrased."""
        settings = params.load("augment", augment.Params)
        if not settings.enabled:
            return Forecast("augment", basis="switched off")
        pairs = self.known(augment.PAIRS)
        counts = augment.wanted(pairs, settings, refinement.read(augment.REFINEMENTS))
        tasks = [
            augment.task_of(pair, counts[pair["pair_id"]]) for pair in pairs if pair["pair_id"] in counts
        ]
        asked = Tasks(
            self.guide, tasks, "augment", augment.ANSWERS, lambda task: task.count * TURN, self.store
        )
        empty = ParaphraseInput(question="", answer="", language="ko", count=settings.paraphrases)
        one = load_of(self.guide, empty, settings.paraphrases * TURN, TURN)
        trained = max(1, self.wordings - params.load("split", split.Params).test_wordings)
        more = self.facts * (trained * settings.share)
        return asked.forecast(self.settings, one, more)[0]

    def dialogue(self) -> Forecast:
        """A few requests a document; one with new chunks makes its conversations anew."""
        settings = params.load("dialogue", dialogue.Params)
        if not settings.enabled:
            return Forecast("dialogue", basis="switched off")
        changed = {doc_id for doc_id, _ in self.new_chunks.values()}
        pairs = [pair for pair in self.known(dialogue.PAIRS) if pair["doc_id"] not in changed]
        titles = {
            row["doc_id"]: row["title"] for row in files.read_rows(dialogue.DOCUMENTS, ["doc_id", "title"])
        }
        groups = [group for group in dialogue.groups(pairs, settings) if group[0]["doc_id"] in titles]
        tasks = [dialogue.task_of(group, titles[group[0]["doc_id"]]) for group in groups]
        asked = Tasks(
            self.guide, tasks, "dialogue", dialogue.ANSWERS, lambda task: len(task.turns) * TURN, self.store
        )
        empty = DialogueInput(title="", language="ko", turns=(EMPTY_TURN,) * settings.turns)
        one = load_of(self.guide, empty, settings.turns * TURN, settings.turns * TURN)
        most = len(changed) * settings.per_document
        more = Range(*(min(most, facts / settings.turns) for facts in (self.facts.low, self.facts.high)))
        return asked.forecast(self.settings, one, more)[0]

    def known(self, table: Path) -> list[Row]:
        """The rows of a table whose chunk is not read anew; none before the table is made."""
        rows = files.stream_rows(table, group=1000) if table.is_file() else ()
        return [row for row in rows if row["chunk_id"] not in self.new_chunks]

    def facts_at(self, density: float) -> float:
        """How many facts the new chunks give at `density` times what is assumed."""
        return sum(self.assumed_facts(tokens, density) for _, tokens in self.new_chunks.values())

    def assumed_facts(self, chunk_tokens: int, density: float = 1.0) -> float:
        """How many facts a chunk is assumed to give, abstentions with them: no more than an answer holds."""
        stated = FACTS_PER_1000_TOKENS * chunk_tokens / 1000 * density
        most = self.generating.max_facts_per_chunk, self.settings.max_tokens / self.fact_tokens()
        return min(stated, *most) + self.generating.abstentions_per_chunk

    def fact_tokens(self) -> float:
        """How many tokens a fact with all its wordings is assumed to take."""
        answers = len(set(self.generating.audiences)) * self.generating.answer_wordings
        return FACT + self.wordings * QUESTION + answers * ANSWER

    def assumed_answer(self, task: GenerateInput) -> float:
        """How many tokens the answer to a chunk is assumed to take."""
        facts = self.assumed_facts(estimate(task.text))
        return min(facts * self.fact_tokens(), self.settings.max_tokens)
