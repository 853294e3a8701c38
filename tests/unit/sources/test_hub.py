import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.hub_endpoint import COMMIT, Hub, git_sha1, serving
from pratique.artifacts.sources.hub import HubSource
from pratique.artifacts.sources.hub_client import HubClient
from pratique.core.errors import ArtifactError, MachineError, MalformedError, UsageError


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serving(Hub(files={"config.json": b"{}", "sub/model.bin": b"weights" * 1000})) as one:
        one.large.add("sub/model.bin")
        yield one


def opened(hub: Hub, place: Path | None = None, token: str = "") -> HubSource:
    client = HubClient(hub.url, token, sleep=lambda _: None)
    return HubSource("hf://org/name@main", place, client)


def body(source: HubSource, path: str) -> bytes:
    fd = next(f for f in source.files() if f.path == path).open()
    with os.fdopen(fd, "rb") as file:
        return file.read()


def test_lists_pins_and_fetches(hub: Hub, tmp_path: Path) -> None:
    source = opened(hub, tmp_path / "hub")
    assert source.name == f"hf://org/name@{COMMIT}"
    files = {f.path: f for f in source.files()}
    assert list(files) == ["config.json", "sub/model.bin"]
    assert set(files["config.json"].intended) == {"git-sha1"}
    assert set(files["sub/model.bin"].intended) == {"sha256"}
    assert body(source, "sub/model.bin") == hub.files["sub/model.bin"]
    before = len(hub.seen)
    assert body(source, "sub/model.bin") == hub.files["sub/model.bin"]
    assert len(hub.seen) == before  # what is kept is not fetched again
    assert not list((tmp_path / "hub").glob(".fetching-*"))


@pytest.mark.parametrize("ranges", [True, False])
def test_goes_on_after_a_truncated_body(hub: Hub, ranges: bool) -> None:  # noqa: FBT001
    hub.ranges = ranges
    hub.truncate["sub/model.bin"] = 100
    assert body(opened(hub), "sub/model.bin") == hub.files["sub/model.bin"]
    assert any(h.get("Range") == "bytes=100-" for _, h in hub.seen)


def test_comes_back_when_asked_to(hub: Hub) -> None:
    hub.fail["config.json"] = [429, 503]
    assert body(opened(hub), "config.json") == b"{}"


def test_gives_up_in_the_end(hub: Hub) -> None:
    hub.fail["config.json"] = [500] * 9
    with pytest.raises(OSError, match="answers 500"):
        body(opened(hub), "config.json")


def test_a_body_shorter_than_promised_is_not_taken(hub: Hub) -> None:
    hub.rows["config.json"] = {"size": 9}
    with pytest.raises(OSError, match="after 2 of 9 bytes"):
        body(opened(hub), "config.json")


def test_a_body_longer_than_promised_is_cut_off(hub: Hub) -> None:
    hub.rows["sub/model.bin"] = {"size": 10}
    with pytest.raises(MalformedError, match="more than the 10 bytes"):
        body(opened(hub), "sub/model.bin")


def test_an_endless_body_is_cut_off(hub: Hub) -> None:
    hub.endless.add("config.json")
    with pytest.raises(ArtifactError, match="more than"):
        body(opened(hub), "config.json")


def test_wrong_digest_is_handed_on_but_not_kept(hub: Hub, tmp_path: Path) -> None:
    hub.rows["config.json"] = {"blobId": "1" * 40}
    source = opened(hub, tmp_path)
    assert body(source, "config.json") == b"{}"
    assert not list(tmp_path.glob("*.blob"))
    before = len(hub.seen)
    assert body(source, "config.json") == b"{}"
    assert len(hub.seen) == before
    del source
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "row",
    [
        {"blobId": None},
        {"blobId": "x"},
        {"blobId": 7},
        {"lfs": {}},
        {"lfs": {"sha256": "x"}},
        {"lfs": {"sha256": "0" * 40}},
        {"lfs": {"sha256": ["0" * 64]}},
    ],
)
def test_a_file_without_a_promised_digest_is_not_taken(
    hub: Hub, tmp_path: Path, row: dict[str, object]
) -> None:
    hub.rows["config.json"] = row
    source = opened(hub, tmp_path)
    with pytest.raises(MalformedError, match="promises no digest"):
        body(source, "config.json")
    assert not any(path.endswith("config.json") for path, _ in hub.seen)
    assert body(source, "sub/model.bin") == hub.files["sub/model.bin"]


def test_a_promise_in_capitals_holds(hub: Hub) -> None:
    hub.rows["config.json"] = {"blobId": git_sha1(b"{}").upper()}
    (file, _) = opened(hub).files()
    assert file.intended == {"git-sha1": git_sha1(b"{}")}


@pytest.mark.parametrize("pin", ["f" * 40, COMMIT[:-1] + "0"])
def test_another_commit_than_the_pinned_one_is_refused(hub: Hub, pin: str) -> None:
    with pytest.raises(MalformedError, match=f"another commit, {COMMIT}"):
        HubSource(f"hf://org/name@{pin}", None, HubClient(hub.url))


@pytest.mark.parametrize("pin", [COMMIT, COMMIT.upper(), "f" * 39, "main"])
def test_the_pinned_commit_or_a_name_is_taken(hub: Hub, pin: str) -> None:
    source = HubSource(f"hf://org/name@{pin}", None, HubClient(hub.url))
    assert source.name == f"hf://org/name@{COMMIT}"


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a//b", "a/./b", "a/..", "a\nb", ""])
def test_names_that_lead_out(hub: Hub, tmp_path: Path, name: str) -> None:
    hub.files = {name: b"x", "good.txt": b"y"}
    source = opened(hub, tmp_path / "in")
    with pytest.raises(MalformedError):
        body(source, name)
    assert body(source, "good.txt") == b"y"
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_redirects(hub: Hub) -> None:
    with serving(Hub(files={"elsewhere": b"{}"})) as other:
        hub.redirect["config.json"] = f"{other.url}/elsewhere"
        assert body(opened(hub, token="hf_secret"), "config.json") == b"{}"
        assert all("Authorization" not in headers for _, headers in other.seen)
    assert any("Authorization" in headers for _, headers in hub.seen)


@pytest.mark.parametrize("to", ["http://192.0.2.1/x", "file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_redirects_that_are_refused(hub: Hub, to: str) -> None:
    hub.redirect["config.json"] = to
    with pytest.raises(OSError, match="not https"):
        body(opened(hub), "config.json")


def test_redirects_in_a_circle(hub: Hub) -> None:
    hub.redirect["config.json"] = f"/org/name/resolve/{COMMIT}/config.json"
    with pytest.raises(OSError, match="redirects"):
        body(opened(hub), "config.json")


def test_refusals_tell_what_to_do(hub: Hub) -> None:
    hub.token = "hf_other"
    with pytest.raises(UsageError, match="HF_TOKEN"):
        opened(hub)


@pytest.mark.parametrize("listing", [b"<html>", b"[]", b"{}", b'{"sha":1}', b"[" * 100_000])
def test_listings_that_are_none(hub: Hub, listing: bytes) -> None:
    hub.listing = listing
    with pytest.raises((MachineError, MalformedError)):
        opened(hub)


@pytest.mark.parametrize(
    "address", ["hf://", "hf://a/b/c", "hf://a/../b", "hf://a/b@", "hf://a/b@../x", "hf://a b"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(UsageError, match="hf://ORG/NAME"):
        HubSource(address)
