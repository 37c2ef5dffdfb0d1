"""An OCI registry: manifest, config, labels, small files and statements of an image or artifact; never its weights."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.package import PackageEntry
from mlcd_tui.domain.package_ports import Files, PackageOrigin, Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import PackageFiles
from mlcd_tui.packages.sources._oci_client import RegistryClient, pull
from mlcd_tui.packages.sources._oci_contents import Contents
from mlcd_tui.packages.sources._oci_reference import PREFIX, parse
from mlcd_tui.packages.sources._wire import Wire

_PAGE = 1_000
MOST_LISTED = 10_000
"""Repositories or tags of one listing."""


class RegistrySource:
    """Speaks the distribution API, with the logins of `docker login`."""

    name = "oci_registry"
    title = "Registry"
    examples = ("oci:registry.example:5000/models/churn:7", "oci:registry.example:5000/models/churn")

    def accepts(self, address: str) -> bool:
        """An `oci:` address."""
        return address.startswith(PREFIX)

    @contextmanager
    def open(self, address: str, reach: Reach) -> Iterator[Files]:
        """What the manifest names, small things at once and large ones by their beginning."""
        reference = parse(address)
        if not reference.repository:
            raise BadConfig(f"{clean(address)} names no repository.", advice="Write oci:HOST[:PORT]/REPOSITORY[:TAG].")
        files = PackageFiles(str(reference), cancelled=reach.cancelled)
        with Wire(reach) as wire:
            Contents(RegistryClient(wire, reference.host), reference, files, reach.wanted).fill()
            yield files

    def list(self, address: str, reach: Reach) -> Iterator[PackageEntry]:
        """The tags of a repository, or the repositories of a registry that tells them."""
        reference = parse(address)
        with Wire(reach) as wire:
            client = RegistryClient(wire, reference.host)
            if reference.tag or reference.digest:
                client.manifest(reference)
                yield PackageEntry(str(reference), clean(reference.repository), clean(reference.wanted))
            elif reference.repository:
                path = f"/v2/{reference.repository}/tags/list?n={_PAGE}"
                for count, tag in enumerate(client.names(path, pull(reference), "tags")):
                    if count >= MOST_LISTED:
                        return
                    if not tag.startswith("sha256-"):  # what refers to an image, as older registries keep it
                        yield PackageEntry(str(replace(reference, tag=tag)), clean(reference.repository), clean(tag))
            else:
                names = client.names(f"/v2/_catalog?n={_PAGE}", "registry:catalog:*", "repositories")
                for count, name in enumerate(names):
                    if count >= MOST_LISTED:
                        return
                    yield PackageEntry(str(replace(reference, repository=name)), clean(name))


SOURCE: PackageOrigin = RegistrySource()
