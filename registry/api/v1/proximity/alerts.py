"""The resources inside an alert: CAP 1.2 as XML or as JSON."""

from email.message import Message

import msgspec
from litestar import post
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from registry.api.http.dependencies import ReaderDep, SightDep
from registry.api.http.json_body import check_body, faults_in
from registry.api.http.links import GEOJSON, JSON, linked, self_link
from registry.api.http.request import HttpRequest
from registry.api.v1.proximity.params import ConditionsDep
from registry.domain.errors import Invalid, Refused
from registry.domain.proximity import cap
from registry.domain.proximity.cap import CapAlert
from registry.services.proximity.alert_area import AlertArea, alert_area
from registry.services.proximity.answer import question_of

XML = ("application/xml", "text/xml", "application/cap+xml")
DECODER = msgspec.json.Decoder(CapAlert)
TAKES = {JSON: CapAlert, **dict.fromkeys(XML, str)}


@post("/alert-area", media_type=GEOJSON, status_code=200, opt={"takes": TAKES})
async def ask_alert_area(
    request: HttpRequest, state: State, reader: ReaderDep, sight: SightDep, conditions: ConditionsDep
) -> AlertArea:
    """Every resource in service inside the areas of a CAP 1.2 alert, drawn or named, edges included."""
    alert = await read_alert(request)
    question = question_of(conditions, sight, state.settings.stale_after_days)
    return linked(await alert_area(reader, sight, question, alert), self_link(request))


async def read_alert(request: HttpRequest) -> CapAlert:
    """The alert in the body of a request, as XML or as JSON."""
    body, content_type = await request.body(), request.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() not in XML:
        await check_body(body)
    return _decode(content_type, body)


def _charset_of(content_type: str) -> str | None:
    """The charset parameter of a media type, where it is not UTF-8."""
    message = Message()
    message["content-type"] = content_type
    charset = message.get_content_charset()
    return charset if charset is None or charset.lower() not in ("utf-8", "utf8") else None


def _decode(content_type: str, body: bytes) -> CapAlert:
    kind = content_type.partition(";")[0].strip().lower()
    if kind in XML:
        return cap.parse_xml(body, _charset_of(content_type))
    if kind not in TAKES:
        raise HTTPException(status_code=415, detail=f"send {', '.join(TAKES)}")
    try:
        return DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise Refused(faults_in(body, CapAlert, str(error))) from error
    except msgspec.MsgspecError as error:
        raise Invalid(f"the body is not a CAP alert as JSON: {error}") from error
