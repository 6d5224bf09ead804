"""The facts of one document as rows: repetitions merged, wordings equal per audience, refusals in place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from slm_factory.core.files import Row
from slm_factory.core.matching import loose
from slm_factory.core.records import identifier
from slm_factory.core.text import normalize
from slm_factory.teachers.tasks import Audience, Fact


@dataclass
class Found:
    """One fact, with the chunk that first states it and its distinct questions by audience."""

    chunk: Row
    request: str
    fact: Fact
    questions: dict[Audience, list[str]] = field(default_factory=dict)

    @property
    def all_questions(self) -> list[str]:
        """The questions of all audiences in their loose form."""
        return [loose(question) for questions in self.questions.values() for question in questions]


class DocumentFacts:
    """The distinct facts of a document, in reading order."""

    def __init__(self, audiences: Sequence[Audience], question_wordings: int, answer_wordings: int) -> None:
        self.audiences = tuple(dict.fromkeys(audiences))
        self.question_wordings = question_wordings
        self.answer_wordings = answer_wordings
        self.categories: set[str] = set()  # of the fixed questions that the document was asked
        self.facts: dict[str, Found] = {}

    def add(self, chunk: Row, request: str, facts: Sequence[Fact]) -> int:
        """Takes the facts of a chunk; returns how many are new. A repetition lends its questions."""
        known = len(self.facts)
        for fact in facts:
            fact_id = identifier(chunk["doc_id"], normalize(fact.statement))
            found = self.facts.setdefault(fact_id, Found(chunk, request, fact))
            self.add_questions(found, fact)
        return len(self.facts) - known

    def add_questions(self, found: Found, fact: Fact) -> None:
        """Adds the questions of `fact` that `found` does not have yet, for the audiences asked for."""
        known = set(found.all_questions)
        for wordings in fact.wordings:
            if wordings.audience not in self.audiences:
                continue
            questions = found.questions.setdefault(wordings.audience, [])
            for question in map(normalize, wordings.questions):
                if loose(question) not in known and len(questions) < self.question_wordings:
                    questions.append(question)
                    known.add(loose(question))

    def drop_answered(self) -> int:
        """Drops the abstentions that ask what another fact answers; returns how many."""
        answered = {
            question
            for found in self.facts.values()
            if found.fact.kind != "abstain"
            for question in found.all_questions
        }
        dropped = [
            fact_id
            for fact_id, found in self.facts.items()
            if found.fact.kind == "abstain" and answered.intersection(found.all_questions)
        ]
        for fact_id in dropped:
            del self.facts[fact_id]
        return len(dropped)

    def answered_categories(self) -> set[str]:
        """The categories of fixed questions that a fact answers."""
        kinds = {found.fact.category for found in self.facts.values() if found.fact.kind != "abstain"}
        return kinds & self.categories

    def rows(self, fact_id: str, refusal: str, teacher: str) -> Iterator[Row]:
        """One row per question wording of a fact, as many for each of its audiences.

        Answer wordings take turns, so that each is learned about equally often.
        """
        found = self.facts[fact_id]
        said = {wordings.audience: wordings.answers for wordings in reversed(found.fact.wordings)}
        audiences = [audience for audience in self.audiences if found.questions.get(audience)]
        count = min((len(found.questions[audience]) for audience in audiences), default=0)
        wordings = ((audience, place) for audience in audiences for place in range(count))
        for wording, (audience, place) in enumerate(wordings):
            answers = said[audience][: self.answer_wordings]
            answer = refusal if found.fact.kind == "abstain" else normalize(answers[place % len(answers)])
            question = found.questions[audience][place]
            yield {
                "pair_id": identifier(fact_id, question, answer),
                "fact_id": fact_id,
                **self.origin(found),
                "audience": audience,
                "wording": wording,
                "question": question,
                "answer": answer,
                "teacher": teacher,
            }

    def origin(self, found: Found) -> Row:
        """The columns that all wordings of a fact share."""
        chunk, fact = found.chunk, found.fact
        heading = chunk["headings"][-1] if chunk["headings"] else ""
        return {
            "doc_id": chunk["doc_id"],
            "chunk_id": chunk["chunk_id"],
            "kind": fact.kind,
            "category": fact.category if fact.category in self.categories else heading,
            "language": chunk["language"],
            "statement": normalize(fact.statement),
            "evidence": fact.evidence,
            "request": found.request,
        }
