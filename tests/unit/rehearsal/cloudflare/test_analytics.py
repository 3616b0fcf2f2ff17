"""The GraphQL analytics."""

from __future__ import annotations

from typing import Any

from rehearsal.cloudflare.analytics import Analytics
from tests.unit.rehearsal.cloudflare.stage import API, Stage

MINUTE = 1795300200
"""2026-11-21T22:30:00Z"""
QUERY = """
query Shares($zone: String!, $since: Time!, $until: Time!) {
  viewer { zones(filter: {zoneTag: $zone}) {
    loadBalancingRequestsAdaptiveGroups(
      limit: 100, orderBy: [datetimeMinute_ASC, selectedPoolName_DESC],
      filter: {datetime_geq: $since, datetime_lt: $until, lbName: "api.bond.example"}
    ) { count dimensions { datetimeMinute selectedPoolName } }
  } }
}
"""


def filled(delay: float = 0, now: float = MINUTE + 600) -> Analytics:
    analytics = Analytics(delay, lambda: now)
    for second in range(120):
        for pool, requests in (("heroku", 3), ("aws", 1)):
            analytics.add(MINUTE + second, "z", {"lbName": API, "selectedPoolName": pool}, requests)
    analytics.add(MINUTE, "z", {"lbName": "other.bond.example", "selectedPoolName": "heroku"}, 1000)
    analytics.add(MINUTE, "other zone", {"lbName": API, "selectedPoolName": "heroku"}, 1000)
    return analytics


def groups(answer: dict[str, Any]) -> list[dict[str, Any]]:
    assert answer["errors"] is None, answer
    rows: list[dict[str, Any]] = answer["data"]["viewer"]["zones"][0]["loadBalancingRequestsAdaptiveGroups"]
    return rows


def ask(analytics: Analytics, since: str, until: str) -> list[tuple[str, str, int]]:
    rows = groups(analytics.answer(QUERY, {"zone": "z", "since": since, "until": until}))
    return [(row["dimensions"]["datetimeMinute"], row["dimensions"]["selectedPoolName"], row["count"]) for row in rows]


def test_requests_are_counted_by_minute_and_pool() -> None:
    assert ask(filled(), "2026-11-21T22:00:00Z", "2026-11-21T23:00:00Z") == [
        ("2026-11-21T22:30:00Z", "heroku", 180),
        ("2026-11-21T22:30:00Z", "aws", 60),
        ("2026-11-21T22:31:00Z", "heroku", 180),
        ("2026-11-21T22:31:00Z", "aws", 60),
    ]


def test_the_time_filter_cuts_within_a_minute() -> None:
    rows = ask(filled(), "2026-11-21T22:30:30Z", "2026-11-21T22:31:00Z")
    assert rows == [("2026-11-21T22:30:00Z", "heroku", 90), ("2026-11-21T22:30:00Z", "aws", 30)]


def test_what_is_too_young_is_not_there_yet() -> None:
    late = filled(delay=60, now=MINUTE + 89)
    rows = ask(late, "2026-11-21T22:00:00Z", "2026-11-21T23:00:00Z")
    assert rows == [("2026-11-21T22:30:00Z", "heroku", 90), ("2026-11-21T22:30:00Z", "aws", 30)]


def test_without_dimensions_there_is_one_sum_and_the_limit_holds() -> None:
    query = '{viewer{zones(filter:{zoneTag:"z"}){loadBalancingRequestsAdaptiveGroups(limit:%s){count %s}}}}'
    assert groups(filled().answer(query % (10, ""), {})) == [{"count": 1480}]
    assert len(groups(filled().answer(query % (3, "dimensions{datetime}"), {}))) == 3


def test_a_mistake_in_the_query_is_an_error_and_no_data() -> None:
    answer = filled().answer("{viewer{zones(filter:{zoneTag:1}){httpStatus}}}", {})
    assert answer["data"] is None
    assert "Cannot query field 'httpStatus' on type 'zone'." in [error["message"] for error in answer["errors"]]


def test_the_edge_s_reports_arrive_in_the_analytics(stage: Stage) -> None:
    stage.pool("heroku")
    stage.edge.report({"edge": {"second": MINUTE, "host": API, "pool": "heroku", "requests": 7, "errors": 1}})
    zone = stage.zone.rsplit("/", 1)[1]
    variables = {"zone": zone, "since": "2026-11-21T22:00:00Z", "until": "2026-11-21T23:00:00Z"}
    answer = stage.client.post("/graphql", json={"query": QUERY, "variables": variables}).json()
    assert groups(answer) == [
        {"count": 7, "dimensions": {"datetimeMinute": "2026-11-21T22:30:00Z", "selectedPoolName": "heroku"}}
    ]
