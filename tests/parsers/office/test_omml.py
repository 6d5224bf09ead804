import pytest
from lxml import etree

from slm_factory.parsers.office.omml import MATH, linear


def math(xml: str) -> str:
    """An equation written without prefixes; `[x]` is a run."""
    runs = xml.replace("[", "<r><t>").replace("]", "</t></r>")
    return linear(etree.fromstring(f'<oMath xmlns="{MATH[1:-1]}">{runs}</oMath>'))


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<f><num>[a+b]</num><den>[2]</den></f>", "(a+b)/2"),
        ("<f><fPr><type {0}='noBar'/></fPr><num>[n]</num><den>[k]</den></f>", "(n¦k)"),
        ("<sSup><e>[x]</e><sup>[2]</sup></sSup>", "x^2"),
        ("<sSub><e>[x]</e><sub>[i+1]</sub></sSub>", "x_(i+1)"),
        ("<sSubSup><e>[x]</e><sub>[i]</sub><sup>[2]</sup></sSubSup>", "x_i^2"),
        ("<sPre><sub>[a]</sub><sup>[b]</sup><e>[X]</e></sPre>", "_a^bX"),
        ("<rad><deg/><e>[x+1]</e></rad>", "√(x+1)"),
        ("<rad><deg>[3]</deg><e>[x]</e></rad>", "∛x"),
        ("<rad><deg>[n]</deg><e>[x]</e></rad>", "√(n&x)"),
        ("<nary><naryPr><chr {0}='∑'/></naryPr><sub>[i=1]</sub><sup>[n]</sup><e/></nary>", "∑_(i=1)^n "),
        ("<nary><sub/><sup/><e>[f]</e></nary>", "∫ f"),
        ("<d><e>[a]</e><e>[b]</e></d>", "(a|b)"),
        ("<d><dPr><begChr {0}='{{'/><endChr {0}=''/></dPr><e>[a]</e></d>", "{a"),
        ("<func><fName>[sin]</fName><e>[x]</e></func>", "sin x"),
        ("<limLow><e>[lim]</e><lim>[n→∞]</lim></limLow>", "lim_(n→∞)"),
        ("<m><mr><e>[a]</e><e>[b]</e></mr><mr><e>[c]</e><e>[d]</e></mr></m>", "a, b; c, d"),
        ("<eqArr><e>[x=1]</e><e>[y=2]</e></eqArr>", "x=1; y=2"),
        ("<bar><e>[x]</e></bar>", "x̅"),
        ("<box><e>[x]</e></box>", "x"),
    ],
)  # fmt: skip
def test_structures_read_in_a_line(xml: str, text: str) -> None:
    value = f"xmlns:m='{MATH[1:-1]}' m:val"
    assert math(xml.replace("{0}", value).replace("{{", "{")) == text
