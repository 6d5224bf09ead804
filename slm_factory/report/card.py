"""The model card: what a tuned student is made of, how to ask it, how it did, where it must not be trusted.

English, with a summary in Korean; the front matter is that of the Hugging Face hub
(https://huggingface.co/docs/hub/model-cards). The same inputs give the same text.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from slm_factory.core.files import Row

SHOWN_DOCUMENTS = 200  # lines of the table of documents
METRICS = ("key_facts", "rouge_l", "chrf", "exact", "refusal", "answer_loss", "perplexity")
# The metric that judges each held-out slice, and what it tells.
HEADLINES = {
    "recall": ("key_facts", "facts it learned, in words it never saw"),
    "unseen": ("refusal", "facts it was not taught: should say so"),
    "abstain": ("refusal", "what the documents do not answer: should say so"),
    "withdrawn": ("key_facts", "facts the documents no longer state: should not give them"),
    "general": ("answer_loss", "everyday chat, forgetting"),
    "text": ("perplexity", "general text, forgetting"),
}


@dataclass(frozen=True)
class Base:
    """The model that was tuned."""

    name: str  # as in params.yaml
    version: str  # a commit of the hub, or a hash of the files in a folder
    is_folder: bool
    architecture: str
    parameters: int
    card: dict[str, Any]  # the front matter of its README.md: license, language, ...


@dataclass(frozen=True)
class Asking:
    """How the student is asked."""

    form: str
    system_prompt: str
    prompt: str  # a whole conversation as it is read, up to the answer
    end: str  # the token that ends an answer
    refusals: tuple[str, str]  # Korean, English


@dataclass(frozen=True)
class Made:
    """All that a card tells."""

    base: Base
    asking: Asking
    dtype: str
    documents: list[Row]  # records.DOCUMENT
    pairs: list[Row]  # records.SPLIT
    mix: dict[str, Any]  # metrics/convert.json
    training: dict[str, Any]  # metrics/train.json
    adapter: dict[str, Any]  # adapter_config.json
    evaluation: dict[str, Any]  # metrics/evaluate.json
    gate: dict[str, Any]  # metrics/gate.json

    def measured(self, slice_name: str, metric: str, contender: str = "tuned") -> dict[str, float] | None:
        """{mean, low, high}, None where it was not measured."""
        found: dict[str, float] | None = self.evaluation.get(slice_name, {}).get(contender, {}).get(metric)
        return found


def model_card(made: Made) -> str:
    """README.md of the merged model."""
    title = f"# {made.base.name.rsplit('/', 1)[-1]} tuned on {counted(len(made.documents), 'document')}"
    sections = (summary, asking, data, training, results, gate, limits, licence)
    return "\n\n".join([front_matter(made) + title, *(section(made) for section in sections)]) + "\n"


def refusal_card(made: Made) -> str:
    """REFUSED.md: why there is no model, and the numbers behind it."""
    broken = [f"- {rule['name']}: {rule['explanation']}" for rule in made.gate["rules"] if not rule["is_met"]]
    why = "# REFUSED\n\nThe gate did not let this candidate pass, so there is no model here:\n\n"
    sections = (data, training, results, gate)
    return "\n\n".join([why + "\n".join(broken), *(section(made) for section in sections)]) + "\n"


def front_matter(made: Made) -> str:
    """The YAML that hubs and tools read."""
    from huggingface_hub import EvalResult, ModelCardData

    results = [
        EvalResult(
            task_type="text-generation",
            dataset_type=f"held-out-{name}",
            dataset_name=name,
            metric_type=metric,
            metric_value=value["mean"],
        )
        for name, (metric, _) in HEADLINES.items()
        if (value := made.measured(name, metric))
    ]
    licence_keys = ("license", "license_name", "license_link")
    content = ModelCardData(
        base_model=None if made.base.is_folder else made.base.name,  # a folder would be taken for a name
        language=sorted({row["language"] for row in trained(made)}),
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["lora", "slm-factory"],
        model_name=made.base.name.rsplit("/", 1)[-1],
        eval_results=results or None,
        **{key: made.base.card[key] for key in licence_keys if key in made.base.card},
    )
    return f"---\n{content.to_yaml()}\n---\n\n"


def summary(made: Made) -> str:
    """What matters most, in Korean."""
    facts = len({row["fact_id"] for row in trained(made)})
    lines = [f"문서 {len(made.documents):,}건의 사실 {facts:,}개를 배운 작은 언어 모델입니다."]
    recall, base = made.measured("recall", "key_facts"), made.measured("recall", "key_facts", "base")
    if recall and base:
        lines.append(
            f"배우지 않은 표현으로 물었을 때 핵심 사실의 {percent(recall['mean'])}를 맞혔고"
            f"(95% 신뢰 구간 {percent(recall['low'])}~{percent(recall['high'])}), "
            f"학습 전 모델은 {percent(base['mean'])}였습니다."
        )
    if refused := made.measured("abstain", "refusal"):
        lines.append(
            f'문서로 답할 수 없는 질문에는 "{made.asking.refusals[0]}"라고 답하도록 배웠고, '
            f"그런 질문의 {percent(refused['mean'])}에 그렇게 답했습니다."
        )
    lines.append("틀린 답도 맞는 답과 똑같이 들립니다. 중요한 결정은 문서에서 확인하십시오.")
    return "## 요약\n\n" + "\n".join(lines)


def asking(made: Made) -> str:
    """The system prompt, the turns, the end."""
    return f"""## Asking it

It was trained, and measured, under this system prompt; under another one it answers worse:

> {made.asking.system_prompt.strip().replace(chr(10), chr(10) + "> ")}

Its turns are of the form `{made.asking.form}`, which the chat templates of tokenizer and GGUF write, and the
Modelfile beside the GGUF. A question is read as

```text
{made.asking.prompt}
```

and an answer ends with `{made.asking.end}`. Answers were measured without sampling (temperature 0)."""


def data(made: Made) -> str:
    """Documents, facts, rows, kinds, languages, and who wrote the questions."""
    rows = trained(made)
    formats = Counter(row["format"] for row in made.documents)
    languages = Counter(row["language"] for row in rows)
    facts = {doc_id: set[str]() for doc_id in (row["doc_id"] for row in made.documents)}
    for row in rows:
        facts.setdefault(row["doc_id"], set()).add(row["fact_id"])
    pairs = Counter(row["doc_id"] for row in rows)
    columns = ("doc_id", "format", "language", "date")
    lines = [
        [*(row[name] or "-" for name in columns), len(facts[row["doc_id"]]), pairs[row["doc_id"]]]
        for row in made.documents[:SHOWN_DOCUMENTS]
    ]
    left = len(made.documents) - len(lines)
    found = counted(sum(map(len, facts.values())), "fact")
    teachers = ", ".join(f"`{name}`" for name in sorted({row["teacher"] for row in rows}))
    return f"""## Data

{counted(len(made.documents), "document")} ({listed(formats)}) gave {found},
asked in {counted(len(rows), "question-answer pair")} ({listed(languages)}) that {teachers or "nobody"} wrote.
Trained on {counted(made.mix["train"], "conversation")}: {listed(made.mix["train_kinds"])}.

{table(["document", "format", "language", "date", "facts", "pairs"], lines)}
{f"{chr(10)}... and {left:,} more documents.{chr(10)}" if left else ""}
Test questions are wordings that were never trained; their facts were."""


def training(made: Made) -> str:
    """How the adapter was made, as far as adapter and metrics tell it."""
    adapter = made.adapter
    kinds = [name for key, name in (("use_rslora", "rsLoRA"), ("use_dora", "DoRA")) if adapter.get(key)]
    told = {
        "base model": f"{made.base.name} ({made.base.architecture}, {made.base.parameters:,} parameters)",
        "version of the base": made.base.version,
        "method": " and ".join(kinds) or "LoRA",
        "rank, alpha, dropout": f"{adapter['r']}, {adapter['lora_alpha']}, {adapter['lora_dropout']}",
        "tuned layers": ", ".join(sorted(adapter["target_modules"])),
        **{
            key.replace("_", " "): shown(value)
            for key, value in made.training.items()
            if value not in (None, {})
        },
        "stored as": made.dtype,
    }
    return "## Training\n\n" + table(["", ""], [[key, value] for key, value in told.items()])


def results(made: Made) -> str:
    """Every slice and metric, base beside tuned and champion, with intervals."""
    slices = {name: found for name, found in made.evaluation.items() if name in HEADLINES}
    present = {contender for found in slices.values() for contender in found}
    contenders = [name for name in ("base", "champion", "tuned") if name in present]
    lines = []
    for name, found in slices.items():
        for metric in METRICS:
            values = [found.get(contender, {}).get(metric) for contender in contenders]
            if any(values):
                count = max(measured["n"] for measured in found.values())
                lines.append([name, metric, count, *map(interval, values)])
    tells = "\n".join(f"- {name}: {HEADLINES[name][1]}" for name in slices)
    return f"""## Held-out questions

Means with 95% bootstrap intervals; in answer_loss and perplexity less is better.

{table(["slice", "metric", "questions", *contenders], lines)}

{tells}"""


def gate(made: Made) -> str:
    """The verdict, rule by rule."""
    lines = [
        [rule["name"], "met" if rule["is_met"] else "NOT MET", rule["explanation"]]
        for rule in made.gate["rules"]
    ]
    return f"## Gate: {made.gate['verdict']}\n\n" + table(["rule", "", ""], lines)


def limits(made: Made) -> str:
    """In plain words, with the numbers of the evaluation, what it must not be trusted with."""
    said: list[str] = []

    def add(slice_name: str, metric: str, words: str) -> None:
        if value := made.measured(slice_name, metric):
            said.append(f"- {words.format(percent(value['mean']), percent(1 - value['mean']))}")

    add("recall", "key_facts", "Of the facts it learned it gave {1} wrongly or not at all.")
    add("recall", "refusal", "It refused {0} of the questions that it had learned the answer to.")
    add("unseen", "refusal", "Asked for facts it was not taught, it guessed in {1} of the cases.")
    add("abstain", "refusal", "To {1} of the questions that the documents do not answer it gave an answer.")
    add("withdrawn", "key_facts", "It still gave {0} of what the documents no longer state.")
    before, after = made.measured("text", "perplexity", "base"), made.measured("text", "perplexity")
    if before and after:
        word = "more" if after["mean"] > before["mean"] else "less"
        numbers = f"perplexity {after['mean']:.1f}, was {before['mean']:.1f}"
        said.append(f"- General text surprises it {word} than it surprised the base: {numbers}.")
    search = made.evaluation.get("retrieval")
    if search and search["is_better"]:
        name = search["contender"].replace("_", " with ")
        gain = f"{search['gain']['mean']:+.2f} key facts"
        said.append(f"- {name}, which is given passages that a search finds, answers better: {gain}.")
    dates = [row["date"] for row in made.documents if row["date"]]
    if dates:
        said.append(f"- Its newest dated document is of {max(dates)}; it knows nothing of later changes.")
    ko, en = made.asking.refusals
    return f"""## Limits

{chr(10).join(said)}
- A wrong answer sounds like a right one, so decisions that matter need the document itself.
- It was taught to say "{ko}" or "{en}" where it does not know.
- Nobody measured harmful or biased answers; what holds for the base model holds for this one."""


def licence(made: Made) -> str:
    """What the base allows, and what else binds."""
    card = made.base.card
    named = card.get("license_name") or card.get("license") or "a licence that its folder does not state"
    link = f" ({card['license_link']})" if card.get("license_link") else ""
    return f"""## Licence

The weights derive from `{made.base.name}`, which is under {named}{link}. What the documents allow, and the
terms of the teacher, hold for what was learned from them."""


def trained(made: Made) -> list[Row]:
    """The pairs that were trained."""
    return [row for row in made.pairs if row["split"] == "train"]


def table(headings: list[str], lines: list[list[Any]]) -> str:
    """A Markdown table; a bar in a cell is escaped."""
    cells = [headings, ["---"] * len(headings), *lines]
    return "\n".join("| " + " | ".join(escaped(cell) for cell in line) + " |" for line in cells)


def escaped(cell: Any) -> str:
    """A cell's text on one line, its bars escaped."""
    return " ".join(str(cell).split()).replace("|", "\\|")


def interval(value: dict[str, float] | None) -> str:
    """A mean with its interval: `0.912 (0.880-0.940)`."""
    return f"{value['mean']:.3f} ({value['low']:.3f}-{value['high']:.3f})" if value else "-"


def percent(share: float) -> str:
    """A share of 0 to 1 as `91%`."""
    return f"{share:.0%}"


def listed(counts: dict[str, int]) -> str:
    """`877 pair, 40 paraphrase`: the largest first, none that is 0."""
    order = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{count:,} {name}" for name, count in order if count)


def counted(number: int, noun: str) -> str:
    """`1 document`, `12 documents`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value: Any) -> str:
    """A number with its thousands, anything else as it is."""
    return f"{value:,}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
