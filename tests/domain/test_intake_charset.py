"""The encoding of a text is right or asked for, never silently wrong."""

import random

import pytest

from registry.domain.intake.files.charset import LADDER, decode

FIRST_LEVEL = {
    "gb18030": ("gb2312", range(0xB0, 0xD7), range(0xA1, 0xFF)),
    "big5hkscs": ("big5", range(0xA4, 0xC6), [*range(0x40, 0x7F), *range(0xA1, 0xFF)]),
    "cp932": ("shift_jis", range(0x89, 0x98), [*range(0x40, 0x7F), *range(0x80, 0xFC)]),
    "cp949": ("euc_kr", range(0xB0, 0xC8), range(0xA1, 0xFF)),
}
KANA = "あいうえおかきくけこさしすせそたちつてとなにのはひふへほまみむめもやゆよらりるれろわをん"
KNOWN_HEADERS = {
    "gb18030": "序号,名称,所属乡镇,联系电话",
    "big5hkscs": "序號,避難收容處所名稱,鄉鎮市區,聯絡電話",
    "cp932": "NO,施設名称,住所,電話番号",
}


def letters(encoding: str) -> list[str]:
    standard, firsts, seconds = FIRST_LEVEL[encoding]
    listed = [bytes([a, b]).decode(standard, "ignore") for a in firsts for b in seconds]
    return [letter for letter in listed if letter] + (list(KANA) * 20 if encoding == "cp932" else [])


def table(encoding: str, rows: int, rng: random.Random, header: str | None) -> bytes:
    known = letters(encoding)

    def word(least: int, most: int) -> str:
        return "".join(rng.choice(known) for _ in range(rng.randint(least, most)))

    lines = [header or ",".join(word(2, 5) for _ in range(4))]
    lines += [f"{n + 1},{word(3, 9)},{word(2, 4)},{rng.randint(10**7, 10**8)}" for n in range(rows)]
    return "\r\n".join(lines).encode(encoding)


@pytest.mark.parametrize("encoding", LADDER)
def test_unknown_headers_are_right_or_asked(encoding: str) -> None:
    rng = random.Random(encoding)
    for rows in range(1, 41):
        decoded = decode(table(encoding, rows, rng, None))
        assert decoded.encoding in (encoding, None), rows
        if decoded.encoding is None:
            assert encoding in decoded.previews
            assert rows < 20, "asked although there is enough to tell"


@pytest.mark.parametrize("encoding", KNOWN_HEADERS)
def test_known_headers_decide_from_the_first_row_on(encoding: str) -> None:
    rng = random.Random(encoding)
    for rows in range(1, 41):
        content = table(encoding, rows, rng, KNOWN_HEADERS[encoding])
        assert decode(content).encoding == encoding, rows
        assert decode(content).text == content.decode(encoding)


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("utf-8-sig", "\ufeff名称,人数".encode()),
        ("utf-8", "名称,人数".encode()),
        ("utf-8", b"name,persons"),
        ("utf-16", "名称\t人数".encode("utf-16")),
    ],
)
def test_marks_and_utf_8_are_sure(encoding: str, content: bytes) -> None:
    assert decode(content).encoding == encoding


def test_an_answer_decides_and_a_wrong_answer_does_not() -> None:
    content = "甲".encode("gb18030")
    assert decode(content).encoding is None
    assert decode(content, "gb18030").text == "甲"
    assert decode(b"\xff\xff", "big5hkscs").text is None
    assert decode(content, "no-such-encoding").text is None


def test_half_width_kana_is_not_punished() -> None:
    text = "NO,施設名_カナ\r\n1,ﾚｲｼﾘﾂﾀﾞｲ1ｼｮｳｶﾞｯｺｳ\r\n"
    assert decode(text.encode("cp932")).encoding == "cp932"
