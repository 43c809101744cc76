"""From a request's id the log leads to the data that answered it: the dataset version, and the quotes shown."""

from typing import Any

from starlette.testclient import TestClient
from structlog.testing import capture_logs


def traced(client: TestClient, path: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an answer, and what the log says of the request."""
    with capture_logs() as lines:
        answer = client.get(path, headers={"X-Request-Id": "trace-me"})
    assert answer.status_code == 200, answer.text
    (line,) = [line for line in lines if line["event"] == "request" and line["request_id"] == "trace-me"]
    return answer.json(), dict(line)


def test_a_comparison_can_be_traced_to_its_quotes(demo: TestClient, corridor: str) -> None:
    answer, line = traced(demo, f"/v1/corridors/{corridor}/comparison?limit=3")
    assert line["dataset_version"] == answer["dataset_version"] == 1
    shown = {quote for offer in answer["offers"] for quote in offer["quote_ids"]}
    assert set(line["quote_ids"]) == shown != set()


def test_every_read_says_by_which_version_it_was_answered(demo: TestClient, corridor: str) -> None:
    for path in ("/v1/corridors", "/v1/providers", f"/v1/corridors/{corridor}"):
        _, line = traced(demo, path)
        assert line["dataset_version"] == 1


def test_a_replay_says_by_which_version_it_was_answered(demo: TestClient, corridor: str) -> None:
    answer, line = traced(demo, f"/v1/corridors/{corridor}/comparison?as_of=2026-11-23T12:00:00Z")
    assert line["dataset_version"] == answer["dataset_version"] == 1
    assert line["quote_ids"]


def test_observations_and_curves_name_what_they_show(demo: TestClient, corridor: str) -> None:
    answer, line = traced(demo, "/v1/quotes?page_size=2")
    assert line["quote_ids"] == [one["id"] for one in answer["quotes"]]
    one = answer["quotes"][0]["id"]
    assert traced(demo, f"/v1/quotes/{one}")[1]["quote_ids"] == [one]
    answer, line = traced(demo, f"/v1/corridors/{corridor}/cost-curve")
    assert set(line["quote_ids"]) == {quote for service in answer["services"] for quote in service["quote_ids"]}
