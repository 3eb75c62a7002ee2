"""The page opens offline and escapes what people typed; its drawings have the shares of the answer."""

import re
from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
import shapely
from msgspec.structs import replace
from PIL import Image

from registry.cli.report.coverage_page import ReportGaps, ReportHeading, page, percent
from registry.cli.report.picture import COLOUR, png, svg
from registry.domain.coverage.gaps import certain_gaps, possible_gaps
from registry.domain.coverage.listing import Unit
from registry.domain.coverage.measure import CoverageInputs, answer_from, assess_inputs
from registry.domain.coverage.sketch import STATES, sketch
from registry.domain.coverage.watcher import AreaPart, Disc, Watcher
from registry.domain.values import Name
from tests.domain.coverage_oracles import CLOSED, OPEN

NAME = Name("<b>一镇</b>", "One & only")
AREA = AreaPart(shape=shapely.to_wkb(shapely.box(106, 29, 106.2, 29.2)), code="A", name=NAME, assumed=True)
SUBJECT = ReportHeading(
    area=NAME,
    kind=("火情监测点", "fire watch points"),
    radius=("各自半径", "own radius"),
    realm=("实际", "real"),
    made_at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.fixture(scope="module")
def made():
    """An answer with all four states of ground and one resource that is not decided."""
    located = Watcher(id="1", name=NAME, position=(106.1, 29.1), radius_m=5_000.0, uncertainty_m=1_500.0)
    edge = Watcher(id="2", name=Name("检查站"), radius_m=100.0, extents=(Disc(106.2, 29.1, 900.0),))
    question = CoverageInputs(whole=AREA, parts=[], watchers=[located, edge], listing=CLOSED)
    assessment = assess_inputs(question)
    return answer_from(question, assessment), gaps_of(assessment), sketch(assessment), assessment


def gaps_of(assessment):
    return ReportGaps(
        *(rule(assessment, sliver_m2=100.0, limit=100) for rule in (certain_gaps, possible_gaps))
    )


class Tags(HTMLParser):
    """The tags of a page, refused when one is not closed."""

    VOID = ("meta", "path", "circle", "rect")

    def __init__(self):
        super().__init__()
        self.open, self.links, self.text = [], [], []

    def handle_starttag(self, tag, attrs):
        self.links += [value for name, value in attrs if name in ("src", "href", "xlink:href", "action")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert tag in self.VOID or self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_is_whole_and_asks_nobody_for_anything(made):
    answer, found, drawing, _ = made
    text = page(SUBJECT, answer, found, drawing)
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.links == []
    assert not re.search(r"url\((?!#)|@import|https?:|//[a-z]", text)
    said = "".join(tags.text)
    for word in (
        "覆盖率",
        "By place",
        "无法判定",
        "检查站",
        "known by possible places only",
        "Certain gaps",
        "Possible gaps",
        "清单已声明完整",
        "Method",
        percent(answer.ratio.lower),
    ):
        assert word in said
    assert "<b>一镇" not in text
    assert "One & only" in said


def test_a_name_of_markup_stays_text_wherever_it_is_shown():
    evil = Name("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>')
    area = AreaPart(shape=AREA.shape, code="A", name=evil, assumed=True)
    unplaced = Watcher(id="<script>2", name=None)
    listing = replace(OPEN, without_extent=[Unit("x", evil)])
    some = [Watcher(id="1", name=evil), unplaced]
    inputs = CoverageInputs(whole=area, parts=[area], watchers=some, listing=listing)
    coverage = assess_inputs(inputs)
    words = ("<script>", "<script>")
    heading = ReportHeading(area=evil, kind=words, radius=words, realm=words, made_at=SUBJECT.made_at)
    listed = gaps_of(coverage)
    assert listed.possible.gaps
    assert not listed.certain.gaps
    text = page(heading, answer_from(inputs, coverage), listed, sketch(coverage))
    assert "<script" not in text
    assert "<img" not in text
    assert text.count("&lt;script&gt;alert") >= 6


def test_the_drawings_have_the_shares_of_the_answer(made, tmp_path):
    _, _, drawing, assessment = made
    low, mid, high = (
        1 - getattr(assessment, state).whole.area / assessment.area.whole.area
        for state in ("lower", "nominal", "upper")
    )
    wanted = {"certain": low, "nominal": mid - low, "possible": high - mid, "open": 1 - high}
    paths = dict(zip(STATES, re.findall(r'<path d="([^"]*)" fill', svg(drawing)), strict=True))
    sizes = {state: _area(path) for state, path in paths.items()}
    assert {s: a / sum(sizes.values()) for s, a in sizes.items()} == pytest.approx(wanted, abs=2e-3)
    png(drawing, tmp_path / "map.png")
    pixels = np.asarray(Image.open(tmp_path / "map.png"))[: drawing.height]
    shares = {state: np.mean((pixels == _rgb(COLOUR[state])).all(axis=-1)) for state in STATES}
    assert shares.pop("possible") < 0.9 * wanted["possible"], "hatched, not painted"
    whole = sum(shares.values()) / (1 - wanted.pop("possible"))
    assert {s: v / whole for s, v in shares.items()} == pytest.approx(wanted, abs=0.02)


def test_where_the_list_is_open_no_gap_is_drawn_as_certain():
    inputs = CoverageInputs(whole=AREA, parts=[], watchers=[], listing=OPEN)
    assessment = assess_inputs(inputs)
    drawing = sketch(assessment)
    assert len(drawing.states["open"]) == 0
    assert len(drawing.states["possible"]) == 1
    text = page(SUBJECT, answer_from(inputs, assessment), gaps_of(assessment), drawing)
    assert "不可知" in text
    assert "清单未声明完整" in text


def _area(path):
    """The even-odd area of an SVG path of straight rings."""
    rings = [
        np.array([p.split() for p in ring.strip("Z").split("L")], dtype=float) for ring in path.split("M")[1:]
    ]
    whole = shapely.Polygon()
    for ring in rings:
        whole = shapely.symmetric_difference(whole, shapely.Polygon(ring))
    return whole.area


def _rgb(colour):
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)]


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [(0.0, "0.00 %"), (1.0, "100.00 %"), (0.99999, "> 99.99 %"), (1e-7, "< 0.01 %"), (0.951, "95.10 %")],
)
def test_a_share_is_never_rounded_to_all_or_nothing(ratio, shown):
    assert percent(ratio) == shown
