"""The kubeconfig is read as kubectl reads it, and what is wrong with it is told in one sentence."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.cluster import kubeconfig
from mlcd_tui.cluster.kubeconfig import IN_CLUSTER, load, merge
from mlcd_tui.domain.errors import BadConfig

NAMES = st.sampled_from(["a", "b", "c"])


def config(name: str, **more: Any) -> dict[str, Any]:
    return {
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}.example:6443/"}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "users": [{"name": name, "user": {"token": f"token-{name}"}}],
        **more,
    }


def write(path: Path, data: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(data if isinstance(data, str) else yaml.safe_dump(data), "utf-8")
    return path


def test_a_list_of_files_is_merged_the_first_wins_and_missing_ones_are_passed_over(tmp_path: Path) -> None:
    one = write(tmp_path / "one", config("a"))
    other = config("b")
    other["users"].append({"name": "a", "user": {"token": "later", "username": "never mixed in"}})
    two = write(tmp_path / "two", other)
    environ = {"KUBECONFIG": os.pathsep.join([str(tmp_path / "none"), str(one), str(two), str(one)])}
    found = load(environ=environ)
    assert (found.current, found.names) == ("a", ("a", "b"))
    assert found.target("a").user_fields == {"token": "token-a"}
    assert found.target("b").server == "https://b.example:6443"
    assert found.target().namespace == "default"


def test_the_explicit_file_stands_alone(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one", config("a")), write(tmp_path / "two", config("b"))
    assert load(one, {"KUBECONFIG": str(two)}).names == ("a",)


def test_file_names_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    data = config("a")
    data["clusters"][0]["cluster"]["certificate-authority"] = "pki/ca.crt"
    data["users"][0]["user"] = {"tokenFile": "token", "exec": {"command": "./bin/login"}}
    target = load(write(tmp_path / "deep" / "config", data), {}).target()
    assert target.cluster_fields["certificate-authority"] == str(tmp_path / "deep" / "pki" / "ca.crt")
    assert target.user_fields["tokenFile"] == str(tmp_path / "deep" / "token")
    assert target.user_fields["exec"]["command"] == str(tmp_path / "deep" / "bin" / "login")


def test_a_plugin_without_a_folder_is_looked_up_in_the_path(tmp_path: Path) -> None:
    data = config("a")
    data["users"][0]["user"] = {"exec": {"command": "aws"}}
    assert load(write(tmp_path / "config", data), {}).target().user_fields["exec"]["command"] == "aws"


def test_inside_a_cluster_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"token": "secret", "ca.crt": "PEM", "namespace": "team\n"}.items():
        write(tmp_path / "account" / name, text)
    monkeypatch.setattr(kubeconfig, "_SERVICE_ACCOUNT", tmp_path / "account")
    environ = {"HOME": str(tmp_path), "KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    target = load(environ=environ).target()
    assert (target.context, target.server, target.namespace) == (IN_CLUSTER, "https://[fd00::1]:443", "team")
    assert target.user_fields == {"tokenFile": str(tmp_path / "account" / "token")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1\nb: 2\n", "is not YAML at line 2"),
        ("- 1\n", "a mapping is expected"),
        ("clusters: 3\n", "a 'clusters' that is not a list"),
        ("users: [{user: {}}]\n", "an entry without a name in 'users'"),
        ("users: [{name: x}, {name: x}]\n", "two entries 'x' in 'users'"),
        ("contexts: [{name: x, context: 3}]\n", "a context 'x' that is not a mapping"),
        ("", "has no contexts"),
        ("\x00\x01", "is not YAML"),
        ("x: !!python/object/apply:os.system [true]\n", "is not YAML"),
    ],
)
def test_a_broken_file_is_told_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(BadConfig) as caught:
        load(write(tmp_path / "config", text), {})
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_and_a_huge_file_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadConfig, match=r"There is no kubeconfig .*nowhere\."):
        load(tmp_path / "nowhere", {})
    with pytest.raises(BadConfig, match=r"There is no kubeconfig .*\.kube.config"):
        load(environ={"HOME": str(tmp_path)})
    with pytest.raises(BadConfig, match=r"Cannot read the kubeconfig .*directory"):
        load(tmp_path, {})
    monkeypatch.setattr(kubeconfig, "_MOST_BYTES", 1000)
    with pytest.raises(BadConfig, match="larger than"):
        load(write(tmp_path / "config", "#" * 1001), {})


def test_a_target_that_cannot_be_says_what_there_is(tmp_path: Path) -> None:
    data = config("a")
    data["contexts"] += [
        {"name": "no-cluster", "context": {"cluster": "x\x1b[31m", "user": "a"}},
        {"name": "no-user", "context": {"cluster": "a", "user": "ghost"}},
        {"name": "no-server", "context": {"cluster": "empty", "user": "a"}},
        {"name": "ftp", "context": {"cluster": "ftp", "user": "a"}},
    ]
    data["clusters"] += [{"name": "empty", "cluster": {}}, {"name": "ftp", "cluster": {"server": "ftp://x"}}]
    del data["current-context"]
    found = load(write(tmp_path / "config", data), {})
    for name, sentence in {
        "": "has no current context. Choose one with --context. There is: a, no-cluster",
        "b": "No context 'b' in the kubeconfig. There is: a, no-cluster",
        "no-cluster": "names the cluster 'x␛[31m'",
        "no-user": "names the user 'ghost', which is not in the kubeconfig. There is: a.",
        "no-server": "'empty' of the kubeconfig has no server",
        "ftp": "not http(s)",
    }.items():
        with pytest.raises(BadConfig) as caught:
            found.target(name or None)
        assert sentence in str(caught.value)


@pytest.mark.parametrize(
    "server",
    ["https://127.0.0.1:99999", "https://", "https://:443", "https://a b", "http://[::1", "https://h:x", "h:0"],
)
def test_a_server_that_is_no_address_is_told_before_anything_is_sent(tmp_path: Path, server: str) -> None:
    data = config("a")
    data["clusters"][0]["cluster"]["server"] = server
    with pytest.raises(BadConfig, match="is no address"):
        load(write(tmp_path / "config", data), {}).target()


@pytest.mark.parametrize(
    "server", ["10.0.0.1:6443", "https://u:p@api.example/k8s/c/1", "https://[fe80::1%25eth0]:6443"]
)
def test_a_server_may_be_written_in_many_ways(tmp_path: Path, server: str) -> None:
    data = config("a")
    data["clusters"][0]["cluster"]["server"] = server
    assert load(write(tmp_path / "config", data), {}).target().server.endswith(server)


SECTION = st.dictionaries(NAMES, st.integers(0, 99), max_size=3)


@given(st.lists(st.tuples(st.one_of(st.none(), NAMES), SECTION, SECTION), max_size=4))
def test_merging_takes_each_name_from_the_first_file_that_has_it(
    files: list[tuple[str | None, dict[str, int], dict[str, int]]],
) -> None:
    found = merge(
        (
            Path(f"/f{index}"),
            {
                "current-context": current,
                "users": [{"name": name, "user": {"token": value}} for name, value in users.items()],
                "contexts": [{"name": name, "context": {"namespace": value}} for name, value in contexts.items()],
            },
        )
        for index, (current, users, contexts) in enumerate(files)
    )
    assert found.current == next((current for current, _, _ in files if current), "")
    expected = {n: v for _, users, _ in reversed(files) for n, v in users.items()}
    assert {name: user["token"] for name, user in found.users.items()} == expected
    assert set(found.contexts) == {name for _, _, contexts in files for name in contexts}


@settings(max_examples=40, deadline=None)
@given(st.recursive(st.none() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)))
def test_any_document_gives_a_kubeconfig_or_a_sentence(data: Any) -> None:
    shaped = {"clusters": data, "contexts": [{"name": "c", "context": data}], "users": data, "current-context": "c"}
    with contextlib.suppress(BadConfig):
        merge([(Path("/f"), shaped)]).target()
