"""What is found in the rows of a file, with its words in both languages, beside what the gate finds."""

from typing import Any

from msgspec import Struct

from registry.domain.intake.finding import Finding, Message, Severity


class FileFindingKind(Struct, frozen=True):
    """A code of a finding in a file: its severity, and its message with named figures."""

    severity: Severity
    zh: str
    en: str


FILE_KINDS: dict[str, FileFindingKind] = {
    "no_name": FileFindingKind("refuse", "该行没有名称", "the row has no name"),
    "unreadable_number": FileFindingKind(
        "refuse", "“{text}”不是一个明确的数", "“{text}” is no number that has one meaning"
    ),
    "unreadable_date": FileFindingKind("refuse", "“{text}”不是一个明确的日期", "“{text}” is no clear date"),
    "ambiguous_date": FileFindingKind(
        "refuse", "“{text}”是否指 {reading}？", "does “{text}” mean {reading}?"
    ),
    "number_approximate": FileFindingKind(
        "warn", "“{text}”是约数，按 {value} 登记", "“{text}” is approximate; {value} is stored"
    ),
    "number_range": FileFindingKind(
        "warn",
        "“{text}”是范围，按下限 {value} 登记",
        "“{text}” is a range; its low end {value} is stored",
    ),
    "number_spoken": FileFindingKind(
        "warn", "“{text}”读作 {value}，请确认", "“{text}” is read as {value}; confirm it"
    ),
    "number_split": FileFindingKind(
        "note", "“{text}”合计 {value}，分项保留在备注中", "“{text}” makes {value}; the parts stay in the note"
    ),
    "same_as_above": FileFindingKind(
        "refuse", "“同上”需要确认：上一行为“{above}”", "“same as above” needs an answer: above is “{above}”"
    ),
    "date_serial": FileFindingKind(
        "note", "{text} 按日期序列号读作 {reading}", "{text} is read as a serial date: {reading}"
    ),
    "unreadable_phone": FileFindingKind("warn", "“{text}”不是电话号码", "“{text}” is no telephone number"),
    "phone_local": FileFindingKind("note", "“{text}”缺少区号", "“{text}” lacks its area code"),
    "unknown_label": FileFindingKind(
        "warn",
        "“{text}”不在{column}的取值之内，该项留空",
        "“{text}” is no value of {column}; it is left empty",
    ),
    "unknown_resource": FileFindingKind(
        "refuse", "“{text}”不是唯一的已登记资源", "“{text}” is not one registered resource"
    ),
    "unknown_town": FileFindingKind("warn", "“{text}”不是已知的地方", "“{text}” is no known place"),
    "ambiguous_town": FileFindingKind("warn", "“{text}”有多处同名地方", "several places are called “{text}”"),
    "town_from_address": FileFindingKind(
        "warn", "所在地由地址得出：{name}", "the place follows from the address: {name}"
    ),
    "unreadable_position": FileFindingKind("refuse", "“{text}”不是坐标", "“{text}” is no position"),
    "no_frame_fits": FileFindingKind(
        "refuse",
        "坐标“{text}”按任何已知坐标系都不在辖区附近",
        "no known frame puts “{text}” near the jurisdiction",
    ),
    "several_frames_fit": FileFindingKind(
        "refuse",
        "坐标“{text}”有多种可能的坐标系",
        "several frames put “{text}” into the jurisdiction",
    ),
    "no_parameters": FileFindingKind(
        "refuse",
        "“{text}”没有公开参数，请向规划和自然资源部门索取 CGCS2000 坐标",
        "“{text}” has no public parameters; ask the land authority for CGCS2000",
    ),
    "zero_position": FileFindingKind("refuse", "坐标为 0, 0", "the position is 0, 0"),
    "position_swapped": FileFindingKind(
        "warn", "经度和纬度颠倒，已对调", "longitude and latitude were swapped and are put right"
    ),
    "position_projected": FileFindingKind(
        "note", "平面坐标按 EPSG:{epsg} 换算", "the metres were converted from EPSG:{epsg}"
    ),
    "shared_point": FileFindingKind(
        "warn",
        "{rows} 行使用同一坐标，按约略位置登记（{metres} 米）",
        "{rows} rows share this point; it is stored as approximate ({metres} m)",
    ),
    "datum_not_stated": FileFindingKind(
        "warn", "未注明坐标系，不确定度增加 600 米", "no datum is stated; 600 m are added to the uncertainty"
    ),
    "not_a_point": FileFindingKind(
        "warn", "图形不是点，未登记位置", "the shape is no point; no position is stored"
    ),
    "twice_in_file": FileFindingKind(
        "refuse", "与第 {other} 行重复：{text}", "the same as row {other}: {text}"
    ),
    "outside_scope": FileFindingKind(
        "refuse", "该资源不在您负责的地方之内", "the record is outside the places that your role holds for"
    ),
    "other_name": FileFindingKind(
        "warn",
        "该编号在登记中属于“{name}”，请确认是否同一资源",
        "this identity belongs to “{name}”; confirm that it is the same resource",
    ),
    "was_retired": FileFindingKind(
        "warn", "该资源已注销，导入后恢复使用", "the record was retired; it is brought back into service"
    ),
    "removal": FileFindingKind(
        "note",
        "该行使资源停用、移位、改名或隐藏；此类修改过多时需第二人批准",
        "the row takes the record out of use or sight, moves or renames it; many such rows need an approval",
    ),
    "uncalculated": FileFindingKind(
        "refuse", "公式没有保存计算结果", "the formula was saved without its value"
    ),
    "beyond_header": FileFindingKind(
        "warn", "表头之外的内容未读取：{text}", "content beyond the header is not read: {text}"
    ),
    "total_differs": FileFindingKind(
        "warn", "合计为 {stated}，各行相加为 {sum}", "the total says {stated}, the rows add up to {sum}"
    ),
}


def file_finding(
    code: str,
    row: int | None,
    column: str | None = None,
    value: Any = None,
    proposal: Any = None,
    /,
    **figures: Any,
) -> Finding:
    """The finding of a code at a cell, which is named as spreadsheets name it."""
    kind = FILE_KINDS[code]
    message = Message(kind.zh.format(**figures), kind.en.format(**figures))
    return Finding(
        severity=kind.severity,
        code=code,
        row=row,
        column=column,
        value=value,
        message=message,
        proposal=proposal,
    )
