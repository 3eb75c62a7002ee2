"""The words by which offices head their columns, by field, and the words for the values of their cells.

Each text is a language: simplified and traditional Chinese, Japanese, English. Words are compared as
`header_key` folds them; `parent/leaf` is a header of two rows.
"""

FIELD_WORDS: dict[str, tuple[str, ...]] = {
    "name": (
        "名称|单位名称|场所名称|避难场所名称|应急避难场所名称|队伍名称|救援队名称|仓库名称|储备库名称|物资库名称|"
        "点位名称|监测点名称|站点名称|资源名称|中文名称|名称（中文）",
        "名稱|避難收容處所名稱|收容所名稱|場所名稱|單位名稱|隊伍名稱|倉庫名稱",
        "名称|施設名|施設・場所名|施設名称|避難所名|避難所名称|指定緊急避難場所名|名称（日本語）",
        "name|facility name|shelter name|team name|site name|depot name|station name|name zh|MC|XZQMC",
    ),
    "name_en": ("英文名称|名称（英文）", "英文名稱", "英字名称|施設名_英字", "english name|name en"),
    "name_reading": ("拼音", "注音", "施設名_カナ|名称_カナ|フリガナ|カナ", "reading|pinyin"),
    "external_id": (
        "编号|资源编号|设施编号|场所编号|队伍编号|统一编号|唯一标识|标识码",
        "編號|收容所編號|處所代碼",
        "管理番号|施設番号|施設コード|ID",
        "code|external id|facility id|shelter id|reference",
    ),
    "ordinal": ("序号|行号", "序號|項次", "NO|No.|番号|通番", "no|nr|row|serial|#"),
    "id": ("登记编号|登记系统编号", "登記編號", "登録ID", "id|registry id|uuid"),
    "version": ("版本|版本号", "版本號", "版", "version"),
    "place": (
        "所属乡镇|所属街镇|所在街镇|所属街道|乡镇|街镇|镇街|乡镇街道|所属镇街|所在乡镇|所属区域|所在地区",
        "縣市及鄉鎮市區|鄉鎮市區|鄉鎮|所屬鄉鎮",
        "市区町村|市町村|地区|町名",
        "town|township|place|district|municipality|subdistrict|county",
    ),
    "place_code": (
        "行政区划代码|区划代码|街镇代码",
        "行政區代碼",
        "全国地方公共団体コード|市区町村コード",
        "place code|area code|XZQDM",
    ),
    "village": ("村|社区|村社|村（社区）|所在村", "村里", "町丁目|大字", "village|community|neighbourhood"),
    "address": (
        "地址|详细地址|驻地地址|所在地址|驻地|位置|具体位置|场所地址|驻地详址",
        "地址|避難收容處所地址",
        "住所|所在地|所在地_連結表記",
        "address|street address|location",
    ),
    "longitude": ("经度|东经|经度坐标|坐标/经度|经度（东经）", "經度|東經", "経度", "longitude|lon|lng|long"),
    "latitude": ("纬度|维度|北纬|纬度坐标|坐标/纬度|纬度（北纬）", "緯度|北緯", "緯度", "latitude|lat"),
    "coordinates": (
        "坐标|经纬度|地理坐标|位置坐标",
        "座標|經緯度",
        "座標|緯度経度",
        "coordinates|lon lat|position|lat lon",
    ),
    "x": ("X|X坐标|横坐标|X轴", "X座標|橫座標", "X座標", "x|easting|northing x"),
    "y": ("Y|Y坐标|纵坐标|Y轴", "Y座標|縱座標", "Y座標", "y|northing"),
    "frame": ("坐标系|坐标系统|坐标类型|坐标系名称", "座標系統", "測地系", "datum|crs|coordinate system"),
    "uncertainty_m": ("定位误差|误差|精度（米）", "誤差", "誤差", "uncertainty|accuracy|uncertainty m"),
    "manager": (
        "管理单位|主管单位|责任单位|所属单位|产权单位|隶属单位|主管部门|建设单位",
        "管理單位|主管機關",
        "管理者|運営主体|所管課",
        "manager|organisation|organization|operator|owner",
    ),
    "contact_name": (
        "联系人|负责人|责任人|管理人|队长|联络人|联系人姓名",
        "管理人姓名|聯絡人|負責人",
        "担当者|連絡先担当者",
        "contact|contact name|contact person|person in charge",
    ),
    "contact_phone": (
        "联系电话|电话|手机|手机号|手机号码|联系方式|值班电话|负责人电话|联系人电话",
        "管理人電話|電話|聯絡電話",
        "電話番号|連絡先|連絡先電話番号",
        "phone|telephone|mobile|contact phone|tel",
    ),
    "since": (
        "启用时间|成立日期|成立时间|建成时间|建成日期|启用日期|建立时间|投入使用时间",
        "啟用日期",
        "指定日|開設日",
        "since|opened|founded|opening date",
    ),
    "valid_from": ("有效期起|开始日期|有效起始", "生效日期", "有効期間開始", "valid from"),
    "valid_to": ("有效期止|截止日期|有效期至|到期时间", "失效日期", "有効期限", "valid to|valid until"),
    "note": ("备注|说明|其他", "備註", "備考|特記事項", "note|notes|remark|remarks|comment"),
    "lifecycle": ("使用状态|状态|建设状态|运行状态", "使用狀態", "運用状況", "lifecycle|status"),
    "visibility": ("公开程度|是否公开", "公開程度", "公開区分", "visibility"),
    "exercise": ("演练", "演練", "訓練", "exercise"),
    "level": ("级别|等级|场所级别|队伍级别|层级", "層級", "区分", "level"),
    "force": ("队伍类别|队伍类型|队伍性质|力量类型|队伍属性", "隊伍類別", "隊種別", "force|team type"),
    "specialties": (
        "专长|救援专长|救援能力|专业类型|专业方向|救援类型|主要职能",
        "專長",
        "専門",
        "specialties|specialty|skills|capabilities",
    ),
    "personnel": (
        "人数|队员人数|队伍人数|人员数量|在编人数|人数（人）|人员",
        "人數|隊員人數",
        "人員|隊員数",
        "personnel|members|staff|headcount|people",
    ),
    "readiness": ("备勤状态|战备状态|待命状态", "備勤狀態", "待機状況", "readiness"),
    "duration": ("避难时长|使用时长|避难类型", "避難時長", "避難期間", "duration"),
    "space": ("场所类型|空间类型|室内外", "場所類型", "屋内外区分", "space|indoor or outdoor"),
    "is_indoor": ("室内|室内场所", "室內", "屋内", "indoor"),
    "is_outdoor": ("室外|室外场所", "室外", "屋外", "outdoor"),
    "hazards": (
        "适用灾害|灾害类型|适用灾种|灾种|适用灾害类型",
        "適用災害類別|災害類別",
        "対象災害|災害種別|対象とする災害|災害の種類|対象災害の種類",
        "hazards|hazard|hazard types",
    ),
    "capacity_persons": (
        "可容纳人数|容纳人数|容量|可安置人数|安置人数|避难人数|设计容量|容纳能力|可容纳人口|收容人数|容纳人数（人）",
        "預計收容人數|收容人數|可收容人數",
        "想定収容人数|収容人数|収容可能人数|最大収容人数",
        "capacity|capacity persons|maximum persons|evacuation capacity|post impact capacity",
    ),
    "capacity_indoor": (
        "可容纳人数/室内|室内容纳人数|室内人数|容纳人数/室内|室内可容纳人数",
        "收容人數/室內|室內收容人數",
        "収容人数/屋内|屋内収容人数",
        "indoor capacity|capacity/indoor",
    ),
    "capacity_outdoor": (
        "可容纳人数/室外|室外容纳人数|室外人数|容纳人数/室外|室外可容纳人数",
        "收容人數/室外|室外收容人數",
        "収容人数/屋外|屋外収容人数",
        "outdoor capacity|capacity/outdoor",
    ),
    "occupancy_persons": (
        "现有人数|已安置人数|在住人数",
        "目前收容人數",
        "避難者数",
        "occupancy|occupancy persons",
    ),
    "area_m2": (
        "有效面积|面积|建筑面积|占地面积|场地面积|避难面积|有效避难面积|有效面积（㎡）",
        "面積|有效面積",
        "面積|有効面積|床面積",
        "area|area m2|floor area|usable area",
    ),
    "amenities": ("设施|配套设施|设施设备|应急设施", "設施", "設備", "amenities|facilities"),
    "accessible": (
        "无障碍|是否无障碍",
        "適合避難弱者安置",
        "バリアフリー|要配慮者対応",
        "accessible|wheelchair accessible|ada compliant",
    ),
    "opening": ("开放状态|开放情况", "開放狀態|開設狀態", "開設状況", "opening|open status"),
    "hours": ("开放时间", "開放時間", "利用可能時間|開館時間", "hours|opening hours"),
    "form": ("监测类型|设备类型|点位类型|监测方式", "監測類型", "監視方式", "form|watch form"),
    "watch_radius_m": (
        "监测半径|监测范围|监测距离|覆盖半径|监测半径（米）|有效半径",
        "監測半徑",
        "監視半径",
        "watch radius|radius|watch radius m|range",
    ),
    "eye_height_m": (
        "瞭望高度|架设高度|镜头高度|摄像机高度|塔高|离地高度|挂高",
        "瞭望高度|架設高度",
        "設置高|監視高さ",
        "eye height|eye height m|camera height|tower height|mounting height",
    ),
    "operational": ("运行情况|设备状态|是否正常", "運行情況", "稼働状況", "operational"),
    "tier": ("库级|仓库级别|储备库级别|库点级别", "倉庫層級", "備蓄区分", "tier"),
    "ownership": ("权属|所有制|产权性质|仓库性质", "權屬", "所有区分", "ownership"),
    "serves_persons": (
        "保障人数|可保障人数|服务人数",
        "保障人數",
        "対象人数",
        "serves|serves persons|persons served",
    ),
    "hazard:flood": ("洪涝|水灾|洪水", "水災", "洪水|内水氾濫|高潮", "flood"),
    "hazard:geohazard": (
        "滑坡|泥石流|地质灾害",
        "土石流|坡地災害",
        "崖崩れ、土石流及び地滑り|土砂災害",
        "landslide",
    ),
    "hazard:earthquake": ("地震", "震災", "地震", "earthquake"),
    "hazard:fire": ("火灾", "火災", "大規模な火事", "fire"),
    "hazard:tsunami": ("海啸", "海嘯", "津波", "tsunami"),
    "hazard:volcano": ("火山", "火山", "火山現象", "volcano"),
}
KIND_FIELDS: dict[str, frozenset[str]] = {
    "rescue_team": frozenset({"force", "specialties", "personnel", "readiness", "level"}),
    "shelter": frozenset(
        {
            "level", "duration", "space", "is_indoor", "is_outdoor", "hazards", "capacity_persons",
            "capacity_indoor", "capacity_outdoor", "occupancy_persons", "area_m2", "amenities", "accessible",
            "opening", "hours", *(name for name in FIELD_WORDS if name.startswith("hazard:")),
        }
    ),
    "fire_watch_point": frozenset({"form", "watch_radius_m", "eye_height_m", "operational"}),
    "supply_depot": frozenset({"tier", "ownership", "serves_persons"}),
}  # fmt: skip
"""The fields that only some kinds have; every other field is of all kinds."""
OF_SOME_KIND = frozenset().union(*KIND_FIELDS.values())
KIND_WORDS: dict[str, dict[str, str]] = {
    "shelter": {"类型": "space", "類型": "space", "type": "space"},
    "rescue_team": {"类型": "force", "类别": "force", "type": "force", "队伍专业": "specialties"},
    "fire_watch_point": {"类型": "form", "type": "form"},
    "supply_depot": {"类型": "ownership", "级别": "tier", "等级": "tier", "type": "ownership"},
}
"""Words that mean a field of one kind only."""

LABELS: dict[str, dict[str, str]] = {
    "force": {
        "professional": "专业|专业队|专业救援队|專業|professional",
        "standing": "专职|常备|综合|综合性|综合应急救援队|综合队|專職|常備|standing|full time",
        "mass": "群众|群众性|志愿|志愿者|半专业|兼职|群眾|mass|volunteer|part time",
        "social": "社会|社会力量|社会救援|社会应急力量|社會|民间|social|ngo",
        "militia": "民兵|民兵应急|民兵排|militia",
        "national_fire": "消防|国家消防|国家综合性消防|消防救援|國家消防|national fire|fire brigade",
    },
    "team_level": {
        "district": "区级|区县级|县级|區級|district|county",
        "town": "乡镇级|镇级|街道级|镇街级|街镇级|鄉鎮級|town|township",
        "community": "村级|社区级|村（社区）级|村社级|community|village",
    },
    "shelter_level": {
        "provincial": "省级|直辖市级|省級|provincial|state",
        "municipal": "市级|地市级|市級|municipal|city",
        "county": "县级|縣級|county",
        "district": "区级|區級|区县级|district",
        "town": "乡镇级|镇级|街道级|镇街级|乡镇（街道）级|鄉鎮級|town",
        "community": "村级|社区级|村（社区）级|community|village",
    },
    "duration": {
        "emergency": "紧急|临时|緊急|指定緊急避難場所|emergency",
        "short": "短期|固定（短期）|短|short|short term",
        "long": "长期|固定（长期）|中心|長期|long|long term",
    },
    "space": {
        "indoor": "室内|室内型|屋内|室內|indoor",
        "outdoor": "室外|室外型|屋外|露天|outdoor",
    },
    "opening": {
        "open": "开放|已开放|開放|開設|open",
        "closed": "关闭|未开放|關閉|未開設|closed",
        "full": "已满|满员|滿|満員|full",
        "unknown": "未知|不详|unknown",
    },
    "readiness": {
        "available": "待命|可用|备勤|在岗|待機|available|ready",
        "committed": "出动|任务中|出動|committed|deployed",
        "off_duty": "休整|轮休|off duty",
        "unavailable": "不可用|unavailable",
        "unknown": "未知|不详|unknown",
    },
    "lifecycle": {
        "planned": "规划|拟建|計畫|計画|planned",
        "under_construction": "在建|建设中|興建中|建設中|under construction",
        "in_service": "在用|使用中|正常|启用|完好|運用中|in service|active",
        "suspended": "停用|暂停|損壞|损坏|休止|suspended|inactive",
        "retired": "报废|撤销|注销|廢止|廃止|retired",
    },
    "form": {
        "infrared_camera": "红外|红外摄像|红外监测|视频监控|双光谱|紅外|infrared camera|camera",
        "watchtower": "瞭望塔|瞭望台|了望塔|瞭望哨|watchtower|tower",
        "sentry_post": "哨所|护林点|值守点|sentry post|post",
        "checkpoint": "检查站|卡口|检查点|檢查站|checkpoint",
    },
    "operational": {
        "yes": "正常|完好|是|运行正常|yes|good",
        "degraded": "部分故障|降级|degraded",
        "no": "故障|损坏|停机|否|no|broken",
        "unknown": "未知|不详|unknown",
    },
    "tier": {
        "district": "区级|县级|区县级|中心库|區級|district|county",
        "town": "乡镇级|镇级|街道级|镇街级|前置点|鄉鎮級|town",
        "community": "村级|社区级|community|village",
    },
    "ownership": {
        "government": "政府|公有|国有|政府储备|公立|government|public",
        "commercial": "企业|商业|协议|代储|企業|commercial|private",
        "social": "社会|社会组织|慈善|social|charity",
    },
    "visibility": {
        "public": "公开|公開|public",
        "internal": "内部|內部|internal",
        "restricted": "限制|保密|restricted",
    },
    "yes_no": {
        "yes": "是|有|○|〇|◎|√|✓|1|对|適|適合|y|yes|true|t",
        "no": "否|无|無|×|✗|x|0|不|n|no|false|f|-|－",
    },
}
"""The words for the values of a field that has a closed list."""
CODED_WORDS: dict[str, dict[str, str]] = {
    "specialty": {
        "comprehensive": "综合|综合性|综合应急|綜合",
        "forest_fire": "森林防火|森林消防|森林灭火|扑火|森林草原火灾",
        "geohazard": "地灾|地质灾害|滑坡|泥石流",
        "hazmat": "危化|危险化学品|危化品|化工",
        "water": "水上救援|水域|水域救援|涉水",
        "flood_drought": "防汛|抗洪|防汛抗旱|防洪|抗旱",
        "aviation": "无人机|航空|無人機",
        "medical": "医疗|医疗救护|卫生|醫療",
        "communications": "通信|应急通信|通訊",
        "mine": "矿山|矿山救护|礦山",
        "earthquake": "地震|地震救援",
        "fire": "消防|灭火|火灾",
        "lift": "电梯|电梯救援",
        "power": "电力|供电|電力",
        "gas": "燃气|天然气",
    },
    "hazard": {
        "flood": "水灾|洪涝|洪水|水災|内涝|防汛|flood",
        "earthquake": "地震|震災|震灾|earthquake",
        "geohazard": "地灾|地质灾害|滑坡|泥石流|土石流|土砂災害|landslide",
        "forest_fire": "森林火灾|森林防火|森林草原火灾|wildfire",
        "fire": "火灾|消防|火災|fire",
        "wind": "大风|台风|風災|颱風|台風|wind|typhoon|hurricane",
        "meteorological": "气象灾害|氣象",
        "tsunami": "海啸|海嘯|津波|tsunami",
        "hazmat": "危化|危险化学品|hazmat",
        "snow": "雪灾|雪|snow",
        "heat": "高温|高溫|heat",
        "rainstorm": "暴雨|豪雨|rainstorm",
    },
    "amenity": {
        "drinking_water": "饮水|饮用水|飲水|供水|drinking water",
        "toilets": "厕所|卫生间|廁所|トイレ|toilets",
        "accessible": "无障碍|無障礙|バリアフリー|accessible",
        "power": "供电|发电|电源|電源|power",
        "medical": "医疗|医疗点|救护|medical",
        "kitchen": "厨房|伙食|炊事|kitchen",
        "parking": "停车|停车场|停車|parking",
        "helipad": "直升机|停机坪|helipad",
        "lighting": "照明|lighting",
        "beds": "床位|床|beds",
    },
}
"""Further words for the codes of a vocabulary, beside its own labels."""
DATUM_WORDS: dict[str, str] = {
    "gcj02": "高德|GCJ|火星|腾讯|谷歌中国|amap|gaode|autonavi|tencent",
    "bd09": "百度|BD09|BD-09|BD_09|baidu",
    "cgcs2000": "CGCS|2000国家|国家2000|天地图|大地2000|EPSG:4490|国家大地坐标系2000",
    "wgs84": "WGS|GPS|北斗|EPSG:4326|世界测地系|世界測地系|JGD2011",
}
NO_PARAMETERS = "西安80|西安1980|XIAN|北京54|BEIJING|独立坐标|地方坐标|城建坐标"
"""Systems whose parameters are not public, so that nobody can convert from them."""

TOTAL_WORDS = "合计|总计|小计|共计|總計|合計|小計|総計|計|total|sum|subtotal"
NOTE_WORDS = "注|备注|附注|说明|填表说明|填报说明|備註|註|備考|※|note|notes|remark|source|来源|資料來源|出典"
SIGNATURE_WORDS = (
    "审核|审核人|填表|填表人|制表|制表人|填报人|填报单位|填报时间|单位负责人|负责人签字|分管领导|联系电话|"
    "审批|報送單位|填表日期|signed|prepared by|approved by"
)
UNKNOWN_WORDS = (
    "待核实|待定|待查|待统计|不详|未知|暂无|无|無|没有|/|／|\\|-|--|—|——|－|?|？|n/a|"
    "na|none|unknown|不明|未定|なし|同左|xx|×"
)
DITTO_WORDS = '同上|〃|″|同前|上同|ditto|"'
