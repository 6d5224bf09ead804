"""Units of Korean and English business text: every spelling, and what converts exactly into what."""

import re
from fractions import Fraction

# unit: its spellings beside the name itself. Lower case; longer spellings are tried first.
SPELLINGS: dict[str, str] = {
    "ms": "밀리초 milliseconds millisecond msec",
    "초": "s sec secs seconds second",
    "분": "min mins minutes minute",
    "시간": "h hrs hr hours hour",
    "일": "days day",
    "주": "주일 주간 weeks week",
    "개월": "달 months month",
    "년": "years year yrs yr",
    "영업일": "business_days business_day working_days working_day",
    "회": "번 차례 times time",
    "%": "퍼센트 프로 percent per_cent pct",
    "%p": "%포인트 퍼센트포인트 퍼센트_포인트 percentage_points percentage_point",
    "개": "items item 가지 곳 군데 벌 종",
    "명": "people persons person 인 사람",
    "원": "krw won ₩",
    "달러": "usd dollars dollar 불 $",
    "센트": "cents cent",
    "유로": "eur euros euro €",
    "파운드": "gbp pounds pound £",
    "펜스": "pence penny p",
    "엔": "jpy yen ¥",
    "kb": "킬로바이트 kilobytes kilobyte",
    "mb": "메가바이트 megabytes megabyte",
    "gb": "기가바이트 gigabytes gigabyte 기가",
    "tb": "테라바이트 terabytes terabyte 테라",
    "byte": "바이트 bytes",
    "mm": "밀리미터 millimeters millimeter",
    "cm": "센티미터 centimeters centimeter",
    "m": "미터 meters meter metres metre",
    "km": "킬로미터 kilometers kilometer",
    "g": "그램 grams gram",
    "kg": "킬로그램 kilograms kilogram",
    "t": "톤 tons ton tonnes",
    "km/h": "kph",
    "m2": "제곱미터",
    "mm2": "",
    "단계": "steps step stages stage",
    "도": "°c degrees degree",
    "세": "살",
    "배": "fold",
    "쪽": "페이지 pages page",
    **dict.fromkeys(
        "시 월 건 대 등급 차 층 호 점 위 조 항 분기 장 자 권 줄 쌍 교시 기 급 만원 억원 만 억".split(), ""
    ),
    **dict.fromkeys("정 알 포 병 통 상자 봉지 마리 척 편 세대 가구 석 학점 과목 그루 필지".split(), ""),
    **dict.fromkeys(
        "l ml dl kl cc mg kcal mah ah wh mwh gwh db lx lm pa kpa hpa nm ha acres ppm px dpi".split(), ""
    ),
    **dict.fromkeys(
        "kib mib gib tib mbps gbps tps rps qps kw kwh w v a hz khz mhz ghz mpa bar psi rpm".split(), ""
    ),
}
UNITS = {
    spelling.replace("_", " "): unit
    for unit, spellings in SPELLINGS.items()
    for spelling in [unit, *spellings.split()]
}
# unit: its dimension, and how many of the dimension's smallest unit it is
SCALES: dict[str, tuple[str, Fraction]] = {
    **{
        unit: ("time", Fraction(milliseconds))
        for unit, milliseconds in (
            *(("ms", 1), ("초", 1000), ("분", 60_000), ("시간", 3_600_000)),
            *(("일", 86_400_000), ("주", 604_800_000)),
        )
    },
    **{
        unit: ("energy", Fraction(n))
        for unit, n in (("wh", 1), ("kwh", 1000), ("mwh", 10**6), ("gwh", 10**9))
    },
    **{unit: ("power", Fraction(n)) for unit, n in (("w", 1), ("kw", 1000))},
    **{unit: ("charge", Fraction(n)) for unit, n in (("mah", 1), ("ah", 1000))},
    **{"센트": ("dollars", Fraction(1)), "달러": ("dollars", Fraction(100))},
    **{"펜스": ("pounds", Fraction(1)), "파운드": ("pounds", Fraction(100))},
    "개월": ("months", Fraction(1)),
    "년": ("months", Fraction(12)),
    **{unit: ("bytes", Fraction(1000**power)) for power, unit in enumerate(("byte", "kb", "mb", "gb", "tb"))},
    **{unit: ("length", Fraction(n)) for unit, n in (("mm", 1), ("cm", 10), ("m", 1000), ("km", 1_000_000))},
    **{
        unit: ("mass", Fraction(n))
        for unit, n in (("mg", 1), ("g", 1000), ("kg", 1_000_000), ("t", 1_000_000_000))
    },
    **{
        unit: ("volume", Fraction(n))
        for unit, n in (("ml", 1), ("cc", 1), ("dl", 100), ("l", 1000), ("kl", 10**6))
    },
    # Things are counted as 개 or 건 or 대 as one likes; people and times are not.
    **{unit: ("things", Fraction(1)) for unit in ("개", "건", "대")},
}
# What may follow a unit in Korean: a particle or an ending, so that the 분 of 분리 is no minute.
AFTER_UNIT = (
    r"(?=$|[^0-9a-z가-힣]|이|가|은|는|을|를|의|에|로|으로|과|와|도|만|까지|부터|마다|씩|당|간|동안|전|"
    r"후|안|내|째|미만|초과|"
    r"정도|반|입니|이상|이하|이내|입|예요|였|인|쯤|경|짜리)"
)


def alternatives(spellings: object) -> str:
    """A regular expression for any of the spellings, the longest first."""
    return "|".join(re.escape(spelling) for spelling in sorted(spellings, key=lambda s: (-len(s), s)))  # type: ignore[call-overload]
