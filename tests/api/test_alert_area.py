"""What lies inside a warning: alerts of the Common Alerting Protocol as a question."""

import pytest

from registry.store.records import changes
from tests.api.near import GEOD, ids, tell
from tests.builders import A_CHANGE, make

CAP = """<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>T-1</identifier>
<sent>2026-07-01T08:00:00+08:00</sent>
<info><event>Rainstorm</event><severity>Severe</severity><area><areaDesc>hill</areaDesc>
<polygon>29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6</polygon>
<circle>29.5,106.5 2</circle></area><area><areaDesc>elsewhere</areaDesc></area></info></alert>"""


async def test_o14_resources_inside_a_warning_polygon(client, stored) -> None:
    inside = make("shelter", 106.65, 29.05)
    edge = make("shelter", 106.7, 29.05)
    lon, lat, _ = GEOD.fwd(106.5, 29.5, 0, 1999)
    in_circle = make("rescue_team", lon, lat)
    lon, lat, _ = GEOD.fwd(106.5, 29.5, 0, 2001)
    outside = make("rescue_team", lon, lat)
    swapped = make("shelter", 29.05, 75.0)
    await changes.load(stored, [inside, edge, in_circle, outside, swapped], A_CHANGE)
    headers = {"content-type": "application/cap+xml"}
    response = await client.post("/v1/proximity/alert-area", content=CAP, headers=headers)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert sorted(ids(answer)) == sorted(map(str, [inside.id, edge.id, in_circle.id]))
    assert answer["counts"] == {"shelter": 2, "rescue_team": 1}
    assert answer["undrawn"] == ["elsewhere"]
    assert answer["alert"]["event"] == "Rainstorm"
    polygon = "29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6"
    as_json = await tell(client, "alert-area", info=[{"area": [{"polygon": [polygon]}]}])
    assert sorted(ids(as_json)) == sorted(map(str, [inside.id, edge.id]))


async def alert(client, content: bytes | str, kind="application/cap+xml", status=200, **params) -> dict:
    headers = {"content-type": kind}
    path = "/v1/proximity/alert-area"
    response = await client.post(path, content=content, headers=headers, params=params)
    assert response.status_code == status, response.text
    return response.json()


async def test_o14_an_alert_in_a_chinese_encoding_is_read(client, stored) -> None:
    inside = make("shelter", 106.65, 29.05)
    await changes.load(stored, [inside], A_CHANGE)
    for name, codec in (("GB2312", "gb2312"), ("gbk", "gbk"), ("GB18030", "gb18030")):
        text = CAP.replace("UTF-8", name).replace("Rainstorm", "暴雨")
        answer = await alert(client, text.encode(codec))
        assert ids(answer) == [str(inside.id)]
        assert answer["alert"]["event"] == "暴雨"


async def test_o14_a_polygon_across_180_is_taken_on_its_short_side(client, stored) -> None:
    east, west, far = make("shelter", 179.5, -17), make("shelter", -179.5, -17), make("shelter", 0, -17)
    await changes.load(stored, [east, west, far], A_CHANGE)
    ring = "-18,179 -16,179 -16,-179 -18,-179 -18,179"
    text = CAP.replace("29.0,106.6 29.0,106.7 29.1,106.7 29.1,106.6 29.0,106.6", ring)
    assert sorted(ids(await alert(client, text))) == sorted([str(east.id), str(west.id)])
    around_the_pole = await alert(client, text.replace(ring, "80,0 80,120 80,-120 80,0"))
    assert around_the_pole["areas"][0]["problems"], "the circle of the same area is used all the same"


async def test_o14_what_is_unknown_inside_an_alert_is_counted(client, stored) -> None:
    is_open, silent = make("shelter", 106.65, 29.05, opening="open"), make("shelter", 106.64, 29.05)
    elsewhere = make("shelter", 106.9, 29.05)
    await changes.load(stored, [is_open, silent, elsewhere], A_CHANGE)
    answer = await alert(client, CAP, opening="open")
    assert ids(answer) == [str(is_open.id)]
    assert answer["excluded"] == {"opening": {"not_stated": 1, "otherwise": 0, "nearest": None}}
    assert [one["id"] for one in answer["undecided"]["resources"]] == [str(silent.id)]
    await alert(client, '{"info": []}', kind="text/plain", status=415)


@pytest.mark.parametrize(
    "body",
    [
        CAP.replace("<alert", '<!DOCTYPE alert [<!ENTITY a "b">]><alert'),
        CAP.replace("cap:1.2", "cap:1.1"),
        CAP.replace("29.0,106.6 29.0,106.7", "106.6,29.0 106.7,29.0").replace("2</circle>", "nan</circle>"),
        "<alert",
        "",
    ],
)
async def test_o14_an_alert_that_cannot_be_read_is_refused(client, body) -> None:
    headers = {"content-type": "application/xml"}
    response = await client.post("/v1/proximity/alert-area", content=body, headers=headers)
    assert response.status_code == 422, response.text
