"""Why a file cannot be read at all."""

from typing import Any, Literal

RefusalCode = Literal[
    "empty_file",
    "too_large",
    "inflates_too_much",
    "too_many_parts",
    "unsafe_path",
    "encrypted",
    "unknown_format",
    "html_table",
    "damaged",
    "entities",
    "too_many_sheets",
    "too_many_rows",
    "too_many_columns",
    "far_cell",
    "cell_too_long",
    "no_table",
    "no_parameters",
    "limits_exceeded",
    "of_exercise",
    "not_a_picture",
    "too_many_pixels",
    "moving_picture",
    "not_elevations",
    "no_georeference",
    "turned_grid",
    "unknown_system",
    "not_one_band",
    "not_in_metres",
    "too_many_heights",
    "no_heights",
    "tile_name",
]


REFUSAL_WORDS: dict[RefusalCode, tuple[str, str]] = {
    "empty_file": ("文件是空的", "the file is empty"),
    "too_large": ("文件超过 {megabytes} MB", "the file is larger than {megabytes} MB"),
    "inflates_too_much": (
        "解压后达 {megabytes} MB，超过限制",
        "it inflates to {megabytes} MB, too much",
    ),
    "too_many_parts": ("压缩包内有 {parts} 个文件", "the archive has {parts} parts"),
    "unsafe_path": ("压缩包内的路径不安全", "a path in the archive is not safe"),
    "encrypted": ("文件已加密，请去掉密码后再上传", "the file is encrypted; save it without a password"),
    "unknown_format": ("不支持的文件格式", "the format is not one that is read here"),
    "html_table": ("这是网页表格，请另存为 xlsx", "this is a page of HTML; save it as xlsx"),
    "damaged": ("文件已损坏", "the file is damaged"),
    "entities": ("文件声明了文档类型，不予读取", "the file declares a document type, which is not read"),
    "too_many_sheets": ("有 {sheets} 个工作表，最多 20 个", "it has {sheets} sheets; 20 are read"),
    "too_many_rows": ("超过 {rows} 行", "it has more than {rows} rows"),
    "too_many_columns": ("超过 {columns} 列", "it has more than {columns} columns"),
    "far_cell": ("{cell} 有孤立内容，请删除", "there is content far out in {cell}; delete it"),
    "cell_too_long": ("有单元格超过 {characters} 个字符", "a cell has more than {characters} characters"),
    "no_table": ("文件中没有表格", "there is no table in the file"),
    "no_parameters": ("坐标系“{system}”没有公开参数", "the system “{system}” has no public parameters"),
    "of_exercise": (
        "这是演练“{exercise}”的数据，不能导入这里",
        "this is data of the exercise “{exercise}”, which is not taken in here",
    ),
    "not_a_picture": ("只接收 JPEG、PNG 和 WebP 图片", "only pictures in JPEG, PNG or WebP are taken"),
    "too_many_pixels": (
        "图片为 {width} × {height} 像素，超过限制",
        "the picture has {width} × {height} pixels, too many",
    ),
    "moving_picture": ("不接收动态图片", "moving pictures are not taken"),
    "not_elevations": (
        "只接收 GeoTIFF 和 HGT 高程文件",
        "only elevations in GeoTIFF or HGT are taken",
    ),
    "no_georeference": (
        "文件没有写明位置（缺少 GeoTIFF 定位标签）",
        "the file does not say where it lies: it has no GeoTIFF tags of position",
    ),
    "turned_grid": ("格网不是正北朝上，请先重采样", "the grid does not stand north up; resample it first"),
    "unknown_system": (
        "坐标系 EPSG:{system} 未知，请转换后再装入",
        "the system EPSG:{system} is not known; convert the file first",
    ),
    "not_one_band": (
        "需要单波段的整数或浮点高程",
        "heights in one band are needed, as integers or floating-point numbers",
    ),
    "not_in_metres": ("高程单位不是米", "its heights are not in metres"),
    "too_many_heights": (
        "格网为 {columns} × {rows}，超过限制，请先分块",
        "the grid has {columns} × {rows} heights, too many; cut it into tiles first",
    ),
    "no_heights": ("文件中没有一个有效高程", "there is no valid height in the file"),
    "tile_name": (
        "HGT 文件名应为 N29E106.hgt 的形式",
        "an HGT file has to be named after its south-western corner, as N29E106.hgt",
    ),
    "limits_exceeded": ("读取超出时间或内存限制", "reading it takes more time or memory than it may"),
}


class RefusedFile(Exception):
    """The file cannot be read; the code and its figures say why."""

    def __init__(self, code: RefusalCode, **figures: Any) -> None:
        zh, en = REFUSAL_WORDS[code]
        super().__init__(f"{en.format(**figures)} {zh.format(**figures)}")
        self.code: RefusalCode = code
        self.figures = figures
