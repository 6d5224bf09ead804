"""What the pipeline says of pairs is said in the reader's language, and what people wrote stays."""

from collections.abc import Iterator

import pytest

from slm_factory import language
from slm_factory.report import bilingual
from slm_factory.review import labels


@pytest.fixture(autouse=True)
def korean() -> Iterator[None]:
    language.use("ko")
    yield
    language.use("en")


@pytest.mark.parametrize("name", [*labels.LABELS, *labels.NAMES])
def test_a_label_is_called_as_in_the_report(name: str) -> None:
    in_report = bilingual.catalogue().gettext(name)
    assert labels.label(name) != name
    assert in_report in (name, labels.label(name))  # where the report has the word at all


def test_the_detail_of_a_problem_stays_as_it_is() -> None:
    assert labels.problem("number without evidence: 7: bar") == "근거 없는 수: 7: bar"
    assert labels.problem("score below 4: faithfulness 2, usefulness 3") == "4점 미만: 충실성 2, 유용성 3"
    assert labels.problem("말: fact") == "말: fact"


def test_only_the_builtin_teacher_is_translated() -> None:
    for sentence in labels.SENTENCES:
        assert labels.judgement(sentence, "builtin") != sentence == labels.judgement(sentence, "gpt")
    assert labels.judgement("the evidence does not say 7 bar", "builtin") == "근거에 '7 bar'이(가) 없습니다"
