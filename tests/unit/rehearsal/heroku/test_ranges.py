"""Paging by the Range header."""

from __future__ import annotations

import pytest

from rehearsal.heroku.ranges import paged
from rehearsal.heroku.world import HerokuError, Listing

RELEASES = Listing([{"id": f"{version:04}", "version": version} for version in (3, 1, 12, 2)], by="version")


def versions(header: str) -> tuple[int, list[int], str | None]:
    answer = paged(RELEASES, header)
    return answer.status, [row["version"] for row in answer.content], answer.headers.get("Next-Range")


def test_without_a_range_all_come_in_the_list_s_own_order() -> None:
    answer = paged(RELEASES, "")
    assert (answer.status, [row["version"] for row in answer.content]) == (200, [1, 2, 3, 12])
    assert answer.headers["Content-Range"] == "version 1..12"
    assert answer.headers["Accept-Ranges"] == "id, version"


def test_a_page_says_where_the_next_begins_and_following_it_sees_all_once() -> None:
    header, seen, statuses = "version ..; max=2", [], []
    while header:
        status, page, following = versions(header)
        seen += page
        statuses.append(status)
        header = following or ""
    assert (seen, statuses) == ([1, 2, 3, 12], [206, 200])


def test_the_last_come_first_when_asked_so() -> None:
    assert versions("version ..; order=desc, max=1") == (206, [12], "version ]12..; max=1, order=desc")
    assert versions("version ]12..; max=1, order=desc")[1] == [3]


def test_bounds_are_inclusive_unless_bracketed() -> None:
    assert versions("version 2..3")[1] == [2, 3]
    assert versions("version ]2..")[1] == [3, 12]


@pytest.mark.parametrize("header", ["id ..; max=1000;", "id ..;", "id", "version ..;order=asc;max=9"])
def test_the_forms_that_clients_send_are_understood(header: str) -> None:
    """Those of the official command line and of PyPI's heroku3, among others."""
    assert len(paged(RELEASES, header).content) == 4


def test_domains_may_be_sorted_by_domain() -> None:
    rows = [{"id": "1", "hostname": "b.example"}, {"id": "2", "hostname": "a.example"}]
    assert [row["id"] for row in paged(Listing(rows), "domain ..;").content] == ["2", "1"]


@pytest.mark.parametrize("header", ["nonsense ..", "version ..; max=0", "version ..; max=1001", "version 1-2"])
def test_a_range_that_makes_no_sense_is_refused(header: str) -> None:
    with pytest.raises(HerokuError) as refused:
        paged(RELEASES, header)
    assert refused.value.status == 416


def test_a_page_has_200_rows_unless_asked_otherwise() -> None:
    many = Listing([{"id": f"{number:04}"} for number in range(201)])
    answer = paged(many, "")
    assert (answer.status, len(answer.content)) == (206, 200)
    assert answer.headers["Next-Range"] == "id ]0199..; max=200"
