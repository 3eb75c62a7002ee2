"""The reading of what the official suites leave behind; the suites themselves are `./dev cite`."""

from scripts.cite import counted, properties

RESULT = """<testng-results><suite><test><class name="a">
<test-method name="one" status="PASS"/><test-method name="two" status="FAIL"/>
<test-method name="three" status="SKIP"/><test-method name="set up" is-config="true" status="PASS"/>
<test-method name="broken set up" is-config="true" status="SKIP"/>
</class></test></suite></testng-results>"""


def test_skips_and_broken_set_ups_are_counted() -> None:
    assert counted(RESULT) == {"PASS": 1, "FAIL": 1, "SKIP": 2}


def test_nothing_run_is_nothing_passed() -> None:
    assert counted("<testng-results/>")["PASS"] == 0


def test_the_suites_are_told_where_the_tiles_are() -> None:
    told = properties("http://127.0.0.1:1/ogc")
    assert '<entry key="iut">http://127.0.0.1:1/ogc</entry>' in told
    assert "/tiles/WebMercatorQuad/{tileMatrix}" in told
