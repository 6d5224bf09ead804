import base64
from email.message import EmailMessage
from email.mime.base import MIMEBase

import pytest

from slm_factory.parsers.mail.document import parse
from slm_factory.parsers.parsed import Parsed, Refused
from tests.parsers.builders import OPTIONS, hwpx, text


def mail(body: str = "점검은 내일입니다.", subject: str = "점검 안내") -> EmailMessage:
    message = EmailMessage()
    message["Subject"], message["From"] = subject, "운영팀 <ops@example.com>"
    message["To"], message["Date"] = "all@example.com", "Tue, 05 Mar 2024 23:30:00 +0900"
    message.set_content(body)
    return message


def read(message: EmailMessage) -> list[Parsed]:
    return parse(message.as_bytes(), OPTIONS)


def raw(headers: str | bytes, body: bytes = b"hi") -> bytes:
    return (headers if isinstance(headers, bytes) else headers.encode()) + b"\r\n\r\n" + body


def test_a_mail_is_its_subject_its_headers_and_its_text() -> None:
    [found] = read(mail())
    assert found.markdown == (
        "# 점검 안내\n\n- 보낸 사람: 운영팀 <ops@example.com>\n- 받는 사람: all@example.com\n"
        "- 날짜: 2024-03-05 23:30\n\n점검은 내일입니다.\n"
    )
    assert (found.title, found.date, found.language, found.part) == ("점검 안내", "2024-03-05", "ko", "")
    assert found.meta == {
        "from": "운영팀 <ops@example.com>", "to": "all@example.com", "date": "2024-03-05 23:30",
    }  # fmt: skip


def test_english_mail_has_english_labels() -> None:
    assert "- From: a@example.com" in parse(raw("Subject: x\r\nFrom: a@example.com"), OPTIONS)[0].markdown


def test_plain_text_is_preferred_and_html_read_where_it_is_alone() -> None:
    message = mail("평문이다.")
    message.add_alternative("<p>다른 <b>글</b>이다.</p>", subtype="html")
    assert read(message)[0].markdown.endswith("\n\n평문이다.\n")
    message = mail()
    message.set_content(
        '<div style="display:none">미리 보기</div><p>표를 본다.</p>'
        "<table><tr><th>가</th><th>나</th></tr><tr><td>1</td><td>2</td></tr></table>"
        '<div class="gmail_signature">홍가람 드림</div>',
        subtype="html",
    )
    assert read(message)[0].markdown.endswith(
        "23:30\n\n표를 본다.\n\n| 가 | 나 |\n|---|---|\n| 1 | 2 |\n\n홍가람 드림\n"
    )


def test_an_empty_plain_text_gives_way_to_html() -> None:
    message = mail(" ")
    message.add_alternative("<p>여기에 있다.</p>", subtype="html")
    assert "여기에 있다." in read(message)[0].markdown


def test_quoted_replies_and_signatures_are_kept_and_no_line_becomes_a_heading() -> None:
    body = (
        "# 1번 서버\n| 아니다\n\n\n\n> 언제인가요?\n\n-----Original Message-----\nFrom: 김나루\n\n-- \n홍가람"
    )
    assert read(mail(body))[0].markdown.endswith(
        "\n\n\\# 1번 서버\n\\| 아니다\n\n> 언제인가요?\n\n"
        "-----Original Message-----\nFrom: 김나루\n\n--\n홍가람\n"
    )


def test_flowed_lines_are_joined_within_their_quotation() -> None:
    data = raw(
        "Subject: x\r\nContent-Type: text/plain; format=flowed",
        b"One long \nline.\n> quoted \n> text\n-- \nme",
    )
    assert parse(data, OPTIONS)[0].markdown == "# x\n\nOne long line.\n> quoted text\n--\nme\n"


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("euc-kr", "cp949"),
        ("ks_c_5601-1987", "cp949"),
        ("iso-2022-kr", "iso2022_kr"),
        ("utf-8", "cp949"),
        ("x", "utf-8"),
    ],
)  # fmt: skip
def test_korean_is_read_in_its_charset_or_in_spite_of_a_wrong_one(charset: str, codec: str) -> None:
    subject = base64.b64encode("제목입니다".encode(codec)).decode()
    headers = f"Subject: =?{charset}?B?{subject}?=\r\nContent-Type: text/plain; charset={charset}"
    [found] = parse(raw(headers, "안녕하세요, 점검을 안내합니다.".encode(codec)), OPTIONS)
    assert found.markdown == "# 제목입니다\n\n안녕하세요, 점검을 안내합니다.\n"


def test_a_stated_charset_goes_before_a_guess() -> None:
    data = raw("Subject: x\r\nContent-Type: text/plain; charset=koi8-r", "Да".encode("koi8-r"))
    assert parse(data, OPTIONS)[0].markdown == "# x\n\nДа\n"


def test_headers_of_raw_korean_bytes_are_read() -> None:
    [found] = parse(raw("Subject: 점검을 안내합니다".encode("cp949")), OPTIONS)
    assert found.title == "점검을 안내합니다"


def test_attachments_of_known_formats_are_documents_and_others_named() -> None:
    message = mail()
    for name in ("명단 자료.csv", "명단 자료.csv"):
        message.add_attachment("이름,나이\n김,3\n".encode(), maintype="text", subtype="csv", filename=name)
    message.add_attachment(
        hwpx([text("보고한다.")]), maintype="application", subtype="hwp", filename="../보고.hwpx"
    )
    message.add_attachment(b"PK", maintype="application", subtype="zip", filename="자료.zip")
    message.add_attachment(b"nothing", maintype="application", subtype="pdf", filename="깨진.pdf")
    found = read(message)
    assert [(one.part, one.format) for one in found] == [
        ("", "eml"), ("명단 자료.csv", "csv"), ("명단 자료.csv (2)", "csv"), ("보고.hwpx", "hwpx"),
    ]  # fmt: skip
    assert found[0].warnings[0] == "attachment '자료.zip' is left out: unknown format: .zip"
    assert found[0].warnings[1].startswith("attachment '깨진.pdf' is left out: ")


def test_records_in_an_attachment_are_named_by_both() -> None:
    message = mail()
    message.add_attachment(
        b'[{"id": "a", "text": "x"}]', maintype="application", subtype="json", filename="r.json"
    )
    assert [found.part for found in read(message)] == ["", "r.json#a"]


def test_names_of_attachments_are_decoded_in_every_form() -> None:
    named = (
        "filename*=utf-8'ko'%EB%B3%B4%EA%B3%A0.txt",
        'filename="=?euc-kr?B?urikyg==?=.txt"',
        "filename*=a%00''b.txt",
    )
    parts = (f"--b\r\nContent-Disposition: attachment; {name}\r\n\nhello\r\n" for name in named)
    data = raw("Subject: x\r\nContent-Type: multipart/mixed; boundary=b", "".join(parts).encode())
    assert [found.part for found in parse(data, OPTIONS)][:2] == ["", "보고.txt"]


def test_images_in_the_text_are_left_out() -> None:
    message = mail()
    message.make_mixed()
    image = MIMEBase("image", "png")
    image["Content-ID"] = "<logo>"
    message.attach(image)
    assert [found.warnings for found in read(message)] == [()]


def test_attached_mails_are_read_three_deep() -> None:
    inner = mail("맨 안쪽이다.", "4")
    for depth in ("3", "2", "1"):
        outer = mail(subject=depth)
        outer.add_attachment(inner)
        inner = outer
    found = read(inner)
    assert [one.part for one in found] == ["", "2", "2/3"]
    assert found[0].warnings == ("attachment '2/3/4' is left out: mails attached to mails are read 3 deep",)


def test_a_mail_attached_as_a_file_is_a_mail() -> None:
    message = mail()
    message.add_attachment(
        mail("안쪽이다.", "안").as_bytes(), maintype="application", subtype="octet-stream", filename="안.eml"
    )
    assert "안쪽이다." in read(message)[1].markdown


def test_what_has_no_headers_is_no_mail() -> None:
    with pytest.raises(Refused, match="no e-mail"):
        parse(b"just some text", OPTIONS)


@pytest.mark.parametrize(
    "data",
    [
        raw(b"Subject: x\nContent-Type: text/plain" + b';"' * 1_000_000),
        b"Subject: x\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(2000)),
    ],
    ids=["a header of quotes", "parts in parts"],
)
def test_mails_that_would_take_for_ever_are_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        parse(data, OPTIONS)


def test_a_header_of_broken_words_and_ten_thousand_parts_are_bounded() -> None:
    assert parse(b"Subject: " + b"=?a?q?" * 500_000 + b"\n\nhi", OPTIONS)
    parts = b"--b\nContent-Type: application/zip\n\nx\n" * 10_000
    [found] = parse(b"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + parts, OPTIONS)
    assert "parts left out: there are more than 500" in found.warnings
