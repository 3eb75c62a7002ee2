"""Every error a caller may cause or has to wait out.

RegistryError
├─ NotFound          the thing does not exist, or not for this reader
├─ Conflict          the request fights with what is stored
│  ├─ Duplicate      something with that identity exists
│  └─ Stale          the version the caller holds is no longer the current one
├─ ConditionMissing  the request does not say which version it was made for
├─ Invalid           the content breaks a rule
│  ├─ InvalidGeometry
│  ├─ Refused         the gate refuses it, with all findings
│  └─ NoGeometry      the place, road or record asked about has no geometry here
├─ InvalidQuery      a parameter of a question is wrong
│  ├─ InvalidBody    a member of its body is wrong, with all findings
│  └─ UnknownCode    it names a code or a place that is not known
├─ Unauthenticated   no credential where one is needed, or one that is not accepted
├─ Forbidden         visible, but not this caller's to change
│  └─ NeedsApproval  not without a second person
├─ CursorExpired     the place in the feed is no longer one to go on from
└─ Unavailable       try again: a limit or a dependency, not the request
   └─ TooMany        this caller asked for more than its quota
"""

from collections.abc import Sequence

from registry.domain.intake.finding import Finding

NOUNS = {
    "active key": "有效密钥",
    "holder of a key": "密钥持有人",
    "active key of": "有效密钥，持有人",
    "approval": "批准请求",
    "attachment": "图片",
    "collection": "数据集",
    "commitment that is not over": "未结束的派出",
    "contact": "联系人",
    "correction": "更正",
    "document": "文件",
    "feature": "要素",
    "finding": "检查结果",
    "incident": "事件",
    "intake": "导入文件",
    "job": "任务",
    "place": "地方",
    "process": "处理",
    "provision": "条款",
    "resource": "资源",
    "result yet of the job": "结果，任务",
    "row": "行",
    "scenario": "方案",
    "style": "样式",
    "subscription": "订阅",
    "tile": "瓦片",
    "tile matrix set": "瓦片矩阵集",
    "tiles of": "瓦片",
    "version": "版本",
    "warning": "预警",
    "zone": "区域",
}
"""What may not be found, in Chinese."""


class RegistryError(Exception):
    """The request could not be carried out."""

    title_zh = "请求未能执行。"

    def __init__(self, detail: str = "", *, field: str | None = None, zh: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.field = field
        self.zh = zh
        """The detail in Chinese, where it is shown beside a record."""

    def said_in(self, language: str | None) -> tuple[str, str]:
        """The title and the detail in a language, the detail in English where it has no other words."""
        return (self.title_zh, self.zh or self.detail) if language == "zh" else (self.title, self.detail)

    @property
    def title(self) -> str:
        """The kind of error in one sentence: the class's own docstring."""
        return (type(self).__doc__ or "").splitlines()[0]


class NotFound(RegistryError):
    """There is no such thing here."""

    title_zh = "没有该对象。"

    def __init__(self, what: str, identity: object) -> None:
        super().__init__(f"no {what} {identity}", zh=f"没有{NOUNS.get(what, what)} {identity}")


class Conflict(RegistryError):
    """The request conflicts with what is stored."""

    title_zh = "请求与已存内容冲突。"


class Duplicate(Conflict):
    """Something with that identity exists already."""

    title_zh = "已存在同一标识的对象。"


class ExerciseEnded(Conflict):
    """The exercise has ended: what is in it can be read, and is not changed any more."""

    title_zh = "演练已结束：可以查看，不能再更改。"


class Stale(Conflict):
    """The stored version is newer than the one the request was made for."""

    title_zh = "已存版本比请求所依据的版本新。"


class ConditionMissing(RegistryError):
    """The request must say which version it was made for."""

    title_zh = "请求须说明依据哪个版本。"


class Invalid(RegistryError):
    """The content breaks a rule of the registry."""

    title_zh = "内容违反登记系统的规则。"


class InvalidGeometry(Invalid):
    """The geometry cannot be used."""

    title_zh = "几何不可用。"


class Refused(Invalid):
    """The gate refuses the content."""

    title_zh = "内容未通过检查。"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        first, *more = [one for one in findings if one.severity != "note"]
        others = f" (and {len(more)} more)" if more else ""
        also = f"（另有 {len(more)} 处）" if more else ""
        super().__init__(first.message.en + others, field=first.field, zh=first.message.zh + also)


class NoGeometry(Invalid):
    """What was asked about has no geometry in this registry."""

    title_zh = "所问对象在本系统中没有几何。"


class InvalidQuery(RegistryError):
    """A parameter of the question is wrong."""

    title_zh = "请求参数有误。"

    def __init__(
        self,
        detail: str = "",
        *,
        field: str | None = None,
        zh: str | None = None,
        proposal: str | None = None,
    ) -> None:
        super().__init__(detail, field=field, zh=zh)
        self.proposal = proposal
        """A value to send instead."""


class InvalidBody(InvalidQuery):
    """A member of the body is wrong."""

    title_zh = "请求正文有误。"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(one for one in findings if one.severity != "note")
        first, *more = self.findings
        en, zh = (f" (and {len(more)} more)", f"（另有 {len(more)} 处）") if more else ("", "")
        super().__init__(first.message.en + en, field=first.field, zh=first.message.zh + zh)


class UnknownCode(InvalidQuery):
    """A parameter of the question names a code that is not known."""

    title_zh = "参数中的代码不在任何词表中。"


class Unauthenticated(RegistryError):
    """A credential is needed: none was sent, or the one sent is not accepted."""

    title_zh = "需要凭据：没有发送，或不被接受。"


class Forbidden(RegistryError):
    """This caller may not change that."""

    title_zh = "该调用者不能作此更改。"


class NeedsApproval(Forbidden):
    """So many changes by one person need the approval of another."""

    title_zh = "一人作如此多的更改须经另一人批准。"


class CursorExpired(RegistryError):
    """The place in the feed is no longer one to go on from."""

    title_zh = "该位置已不能继续读取。"


class Unavailable(RegistryError):
    """The registry cannot answer now; try again."""

    title_zh = "登记系统暂不能应答，请稍后再试。"

    def __init__(self, detail: str = "", *, retry_after_s: int = 1, zh: str | None = None) -> None:
        super().__init__(detail, zh=zh)
        self.retry_after_s = retry_after_s


class TooMany(Unavailable):
    """This caller has asked for more than its share; wait and ask less."""

    title_zh = "请求超出配额，请稍候。"
