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
│  └─ UnknownCode    it names a code or a place that is not known
├─ Unauthenticated   no credential where one is needed, or one that is not accepted
├─ Forbidden         visible, but not this caller's to change
│  └─ NeedsApproval  not without a second person
├─ CursorExpired     the place in the feed is no longer one to go on from
└─ Unavailable       try again: a limit or a dependency, not the request
   └─ TooMany        this caller asked too much in a minute
"""

from collections.abc import Sequence

from registry.domain.intake.finding import Finding


class RegistryError(Exception):
    """The request could not be carried out."""

    def __init__(self, detail: str = "", *, field: str | None = None, zh: str | None = None) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.field = field
        self.zh = zh
        """The detail in Chinese, where it is shown beside a record."""

    @property
    def title(self) -> str:
        """The kind of error in one sentence: the class's own docstring."""
        return (type(self).__doc__ or "").splitlines()[0]


class NotFound(RegistryError):
    """There is no such thing here."""

    def __init__(self, what: str, identity: object) -> None:
        super().__init__(f"no {what} {identity}")


class Conflict(RegistryError):
    """The request conflicts with what is stored."""


class Duplicate(Conflict):
    """Something with that identity exists already."""


class Stale(Conflict):
    """The stored version is newer than the one the request was made for."""


class ConditionMissing(RegistryError):
    """The request must say which version it was made for."""


class Invalid(RegistryError):
    """The content breaks a rule of the registry."""


class InvalidGeometry(Invalid):
    """The geometry cannot be used."""


class Refused(Invalid):
    """The gate refuses the content."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        first, *more = [one for one in findings if one.severity != "note"]
        others = f" (and {len(more)} more)" if more else ""
        super().__init__(first.message.en + others, field=first.field, zh=first.message.zh)


class NoGeometry(Invalid):
    """What was asked about has no geometry in this registry."""


class InvalidQuery(RegistryError):
    """A parameter of the question is wrong."""


class UnknownCode(InvalidQuery):
    """A parameter of the question names a code that is not known."""

    def __init__(
        self, detail: str, *, field: str, proposal: str | None = None, zh: str | None = None
    ) -> None:
        super().__init__(detail, field=field, zh=zh)
        self.proposal = proposal


class Unauthenticated(RegistryError):
    """A credential is needed, and the one given is not accepted."""


class Forbidden(RegistryError):
    """This caller may not change that."""


class NeedsApproval(Forbidden):
    """So many changes by one person need the approval of another."""


class CursorExpired(RegistryError):
    """The place in the feed is no longer one to go on from."""


class Unavailable(RegistryError):
    """The registry cannot answer now; try again."""

    def __init__(self, detail: str = "", *, retry_after_s: int = 1) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooMany(Unavailable):
    """This caller has asked for more than its share; wait and ask less."""
