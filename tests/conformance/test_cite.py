"""The reading of what the official suites leave behind; the suites themselves are `./dev cite`."""

import zipfile

from scripts.cite import counted, not_passed, of_jar, properties

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


FAILED = """<testng-results><suite><test><class name="org.opengis.cite.x.BBoxCrsParameter">
<test-method name="verifyBboxCrsParameter" status="FAIL">
<params><param index="0"><value><![CDATA[http://r/items?bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4490]]></value></param></params>
<exception class="java.lang.AssertionError"><message><![CDATA[  wrong
 box ]]></message></exception></test-method>
<test-method name="other" status="FAIL"><exception class="java.lang.NullPointerException"/></test-method>
<test-method name="third" status="SKIP"/><test-method name="fourth" status="PASS"/>
</class></test></suite></testng-results>"""


def test_a_failure_is_told_with_class_method_message_and_request() -> None:
    first, second, third = not_passed(FAILED)
    assert (first.where, first.method, first.message) == (
        "BBoxCrsParameter",
        "verifyBboxCrsParameter",
        "wrong box",
    )
    assert "EPSG/0/4490" in first.parameters
    assert (second.message, third.status) == ("java.lang.NullPointerException", "SKIP")


def test_only_a_known_fault_of_the_suite_is_let_pass() -> None:
    first, second, _ = not_passed(FAILED)
    assert first.fault is not None
    assert "axes" in first.fault.reason
    assert second.fault is None


def test_nothing_is_fetched_for_what_the_suites_are_told() -> None:
    assert "DOCTYPE" not in properties("http://127.0.0.1:1/ogc")


def test_the_suites_own_classes_come_before_the_fat_jar(tmp_path) -> None:
    for name in ("ets-x-1.0.jar", "ets-x-1.0-aio.jar"):
        with zipfile.ZipFile(tmp_path / name, "w") as jar:
            jar.writestr(
                "META-INF/MANIFEST.MF",
                "Manifest-Version: 1.0\r\nMain-Class: org.example.Test\r\n NGController\r\n",
            )
    suite = of_jar(tmp_path / "ets-x-1.0-aio.jar")
    assert suite.path == (tmp_path / "ets-x-1.0.jar", tmp_path / "ets-x-1.0-aio.jar")
    assert suite.main == "org.example.TestNGController"
