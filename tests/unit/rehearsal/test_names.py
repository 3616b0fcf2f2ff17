"""The rehearsal's table of names."""

from __future__ import annotations

from rehearsal.names import Names, Table


def test_names_are_found_whatever_their_case_until_they_are_withdrawn() -> None:
    names = Names()
    names.publish("API.example", {443: 4000})
    assert names.lookup("api.EXAMPLE") == {443: 4000}
    names.withdraw("Api.Example")
    assert names.lookup("api.example") is None
    names.withdraw("api.example")


def test_subscribers_get_the_table_at_once_and_after_each_real_change() -> None:
    names, seen = Names(), list[Table]()
    names.publish("a", {80: 1})
    names.subscribe(seen.append)
    names.publish("b", {80: 2})
    names.publish("b", {80: 2})
    names.withdraw("a")
    names.withdraw("a")
    assert seen == [{"a": {80: 1}}, {"a": {80: 1}, "b": {80: 2}}, {"b": {80: 2}}]


def test_what_was_given_out_is_a_copy() -> None:
    names = Names()
    names.publish("a", {80: 1})
    names.snapshot()["a"][80] = 2
    (names.lookup("a") or {})[80] = 3
    assert names.lookup("a") == {80: 1}
