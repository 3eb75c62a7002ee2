"""What a file of a collection says of itself: which world, of when, what was asked, how complete it is."""

from datetime import datetime

from msgspec import Struct

from registry.domain.completeness import Completeness
from registry.domain.ogc.catalogue import Collection


class FileNote(Struct, frozen=True, kw_only=True):
    """The origin of a file: the exercise and the instant it looks into, the conditions, when it was made."""

    described: Collection
    exercise: str | None
    as_of: datetime | None
    conditions: tuple[tuple[str, str], ...]
    made_at: datetime
    completeness: Completeness | None

    def lines(self) -> list[tuple[str, str]]:
        """Each statement under its label, both languages."""
        asked = ", ".join(f"{name}={value}" for name, value in self.conditions)
        found = [
            ("数据集 Collection", self.described.title),
            ("演练 Exercise", self.exercise or "实况 none, real life"),
            ("时点 As of", "现时 now" if self.as_of is None else self.as_of.isoformat()),
            ("条件 Conditions", asked or "无 none"),
            ("导出时间 Made at", self.made_at.isoformat(timespec="seconds")),
        ]
        return [*found, ("清单 List", _said(self.completeness))] if self.completeness is not None else found

    def text(self) -> str:
        """All statements as one text."""
        return "; ".join(f"{label}: {value}" for label, value in self.lines())

    def members(self) -> dict[str, object]:
        """The statements for programs."""
        return {
            "exercise": self.exercise,
            "as_of": self.as_of,
            "conditions": dict(self.conditions),
            "made_at": self.made_at,
            "completeness": self.completeness,
        }

    @property
    def stem(self) -> str:
        """The name of the file without its ending: the instant and that it is a part show in it."""
        past = "" if self.as_of is None else f"-as-of-{self.as_of:%Y%m%dT%H%M%S}"
        return f"{self.described.id}{past}{'-part' if self.conditions else ''}"


def _said(listing: Completeness) -> str:
    words = {"open": "未声明完整 open", "complete": "已声明完整 complete", "mixed": "部分声明完整 mixed"}
    totals = "".join(f", 公布 published {total.total} ({total.locator})" for total in listing.published)
    return f"{words[listing.state]}, 已列 listed {listing.listed}, 有坐标 located {listing.located}{totals}"
