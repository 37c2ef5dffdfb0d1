"""Image labels and annotations: the standard keys, ours, and which of several places counts."""

from __future__ import annotations

import json

from mlcd_tui.packages.formats.oci_labels import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of
from tests.packages.memory_files import MemoryFiles

STANDARD = "org.opencontainers.image."


def test_labels_of_an_image() -> None:
    package = FORMAT.read(fixture("cog"), "image-config.json")

    assert (package.name, package.title, package.version) == ("churn", "churn", "v3")
    assert package.training.revision == "4be1f0c2aa0d4c7e9b1d6f3a2b5c8d7e6f5a4b3c"
    assert package.training.code_uri == "https://git.example.org/risk/churn"
    assert package.licences == ("Apache-2.0",)
    assert package.sources[0].rank == 30
    assert (f"{STANDARD}version (label)", "v3") in package.extra


def test_the_manifest_wins_over_labels_and_labels_over_the_index() -> None:
    package = read(
        FORMAT,
        {
            "oci/manifest.json": json.dumps({"annotations": {f"{STANDARD}version": "3"}}),
            "oci/config.json": json.dumps(
                {"config": {"Labels": {f"{STANDARD}version": "2", f"{STANDARD}revision": "bbb"}}, "os": "linux"}
            ),
            "oci/index.json": json.dumps({"annotations": {f"{STANDARD}revision": "ccc", f"{STANDARD}vendor": "ACME"}}),
        },
    )

    assert (package.version, package.training.revision) == ("3", "bbb")
    assert (f"{STANDARD}vendor (index annotation)", "ACME") in package.extra
    assert "is “2” as label; the manifest annotation “3” is used" in warnings_of(package)


def test_our_own_labels_name_the_model_and_are_kept_as_tags() -> None:
    labels = {"mlcd.dev/name": "churn", "mlcd.dev/package": "mlflow:churn/7", f"{STANDARD}title": "Churn service"}
    package = read(FORMAT, {"oci/config.json": json.dumps({"config": {"Labels": labels}})})

    assert (package.name, package.title) == ("churn", "Churn service")
    assert ("mlcd.dev/package", "mlflow:churn/7") in package.tags


def test_an_image_without_such_labels_is_not_one_of_ours() -> None:
    files = MemoryFiles({"oci/config.json": b'{"config": {"Labels": {"maintainer": "x"}}}', "config.json": b"{}"})
    assert FORMAT.find(files) == ()


def test_a_damaged_neighbour_is_a_warning() -> None:
    package = read(
        FORMAT,
        {"oci/manifest.json": json.dumps({"annotations": {f"{STANDARD}version": "3"}}), "oci/config.json": "{"},
    )
    assert package.version == "3"
    assert "config.json cannot be used" in warnings_of(package)
