"""Interpretations with invented texts."""

from slm_factory.parsers.law import read_record

REQUEST = """<html><body><p>1. 사실관계</p><table><tr><td>갑</td><td>을</td></tr>
<tr><td>병</td><td>정</td></tr></table>
<p>&nbsp;○ 취득함</p><p><span>2. 질의</span><span>내용</span></p><p>되는지 여부</p>
<p>3. 관련법령 및 관련사례</p><p>1. 사업자</p></body></html>"""


def test_an_interpretation_has_question_answer_and_reasons() -> None:
    record = {
        "법령해석례일련번호": "312", "안건명": "가상세법 제20조 관련", "안건번호": "10-0075",
        "해석일자": "20100423", "해석기관명": "법제처", "질의기관명": "가상시",
        "이유": "이유 1<br/>이유 2", "질의요지": "되는가?", "회답": "된다.",
    }  # fmt: skip
    parsed = read_record({"ExpcService": record})
    assert parsed.markdown == (
        "# 10-0075 가상세법 제20조 관련\n\n- 안건번호: 10-0075\n- 안건명: 가상세법 제20조 관련\n"
        "- 해석일자: 2010-04-23\n- 해석기관명: 법제처\n- 질의기관명: 가상시\n\n"
        "## 질의요지\n\n되는가?\n\n## 회답\n\n된다.\n\n## 이유\n\n이유 1\n\n이유 2\n"
    )
    assert (parsed.date, parsed.meta["법령해석례일련번호"]) == ("2010-04-23", "312")


def test_a_tax_interpretation_has_gist_reply_facts_question_and_law() -> None:
    answer = {
        "dcmDVO": {
            "ntstDcmId": "9", "ntstDcmDscmCntn": "서면-2026-가상-<!HS>0001<!HE>", "ntstDcmTtl": "되는지",
            "ntstDcmClCd": "02", "ntstDcmRgtDt": "20260811", "ntstDcmGistCntn": "된다",
            "ntstDcmCntn": "됩니다.",
        },
        "dcmRltnStttList": [{"ntstTextNm": "가상세법 제1조"}, {"ntstTextNm": "가상세법 제2조"}],
        "dcmHwpEditorDVOList": [{"dcmFleTy": "hwp", "dcmFleByte": ""}, {"dcmFleByte": REQUEST}],
    }  # fmt: skip
    parsed = read_record(answer)
    assert parsed.markdown == (
        "# 서면-2026-가상-0001 되는지\n\n"
        "- 문서번호: 서면-2026-가상-0001\n- 제목: 되는지\n- 등록일자: 2026-08-11\n"
        "- 관련법령: 가상세법 제1조, 가상세법 제2조\n\n## 요지\n\n된다\n\n## 회신\n\n됩니다.\n\n"
        "## 사실관계\n\n| 갑 | 을 |\n|---|---|\n| 병 | 정 |\n\n○ 취득함\n\n## 질의내용\n\n되는지 여부\n\n"
        "## 관련법령 및 관련사례\n\n1. 사업자\n"
    )
    assert parsed.date == "2026-08-11"


def test_requests_that_are_no_html_are_left_out() -> None:
    for page in ("", "0xD0CF", "<", "<!-- -->", "<\0>", "<?xml version='1.0' encoding='utf-8'?><a/>"):
        answer = {"dcmDVO": {"ntstDcmTtl": "되는지", "ntstDcmCntn": "됩니다."}}
        parsed = read_record(answer | {"dcmHwpEditorDVOList": {"dcmFleByte": page}})
        assert parsed.markdown.startswith("# 되는지\n\n- 제목: 되는지\n\n## 내용\n\n됩니다.\n")
