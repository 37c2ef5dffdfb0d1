"""The files behind one version: the server's answers, and artifacts that are fetched when a format reads them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mlcd_tui.domain.errors import Forbidden, Invalid, Missing, ServerFault, Unreadable
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources import _mlflow_rest as rest
from mlcd_tui.packages.sources._files import Held, PackageFiles, inside
from mlcd_tui.packages.sources._mlflow_rest import API
from mlcd_tui.packages.sources._rest import RestServer

_MOST_FILES = 2_000
_DEEPEST = 6
_LARGEST_PIECED = 64_000_000
"""Bytes of a file up to which a piece of it is asked for: most artifact stores make the server fetch the whole."""
_KEPT = 4_000_000
_NOT_THERE = (Missing, Invalid, Forbidden, ServerFault)
_SMALL = ("MLmodel", "requirements.txt", "conda.yaml", "python_env.yaml", "input_example.json")
"""What is tried where the server does not list: an older one, or artifacts in a store of their own."""


@dataclass(slots=True)
class _Artifact:
    """A file that the server brings when it is asked for."""

    server: RestServer
    path: str
    query: dict[str, str]
    shown: str
    size: int | None = None
    _whole: bytes | None = field(default=None, repr=False)

    def part(self, offset: int, length: int) -> bytes:
        """A piece; a small file is fetched once and kept."""
        if self._whole is not None:
            return self._whole[offset : offset + length]
        if self.size is not None and self.size <= _KEPT:
            self._whole = self.server.get(self.path, self.query, limit=_KEPT)
            return self._whole[offset : offset + length]
        if self.size is not None and self.size > _LARGEST_PIECED:
            raise Unreadable(
                f"{self.shown} has {self.size:,} bytes, and an MLflow server fetches all of it to give a piece.",
                advice="Open the folder or image that holds it to see its header.",
            )
        return self.server.piece(self.path, self.query, offset, length)


def collect(
    server: RestServer,
    reach: Reach,
    address: str,
    *,
    version: rest.Version | None = None,
    version_answer: bytes = b"",
    model_answer: bytes = b"",
    model_id: str = "",
) -> PackageFiles:
    """All that belongs to one version, or to one logged model.

    Args:
        server: where it lies.
        reach: how far.
        address: what it is opened by.
        version: as registered; None for a logged model.
        version_answer: the answer that tells of the version.
        model_answer: the answer that tells of its registered model.
        model_id: of a logged model; else it is taken from the version's source.
    """
    files = PackageFiles(address=address, cancelled=reach.cancelled)
    if server.remark:
        files.notes.add(server.remark)
    if version is not None:
        files.bodies["rest/model-version.json"] = Held(version_answer)
        files.bodies["rest/registered-model.json"] = Held(model_answer)
        model_id = model_id or _model_id(version.source)
    run_id = version.run_id if version is not None else ""
    if model_id:
        path = f"{API}/logged-models/{model_id}"
        answer = _asked(server, path, {}, files) if version is not None else server.get(path)
        if answer is not None:
            files.bodies["rest/logged-model.json"] = Held(answer)
            run_id = run_id or server.decoded(answer, rest.OneLoggedModel, path).model.info.source_run_id
    root = _run(server, run_id, files)
    for artifact in _artifacts(server, version, model_id, run_id, root, files):
        name = inside(artifact.shown)
        if name and name not in files.bodies:
            files.bodies[name] = artifact
        else:
            files.notes.left_out("its name leads outside or repeats", artifact.shown)
    return files


def _model_id(source: str) -> str:
    """Of a logged model that a version was registered from; empty: from an artifact of a run or from a store."""
    told = source.removeprefix("models:/")
    return told if told != source and told.startswith("m-") and told[2:].isalnum() else ""


def _asked(server: RestServer, path: str, params: dict[str, str], files: PackageFiles) -> bytes | None:
    """An answer that the package can do without: a refusal becomes a remark."""
    try:
        return server.get(path, params)
    except _NOT_THERE as refusal:
        files.notes.add(f"{clean(path.removeprefix(API + '/'), limit=100)} could not be read: {refusal}")
        return None


def _run(server: RestServer, run_id: str, files: PackageFiles) -> str:
    """Bring the run's answer; where its artifacts lie."""
    if not run_id:
        return ""
    path = f"{API}/runs/get"
    answer = _asked(server, path, {"run_id": run_id}, files)
    if answer is None:
        return ""
    files.bodies["rest/run.json"] = Held(answer)
    return server.decoded(answer, rest.OneRun, path).run.info.artifact_uri


def _artifacts(
    server: RestServer, version: rest.Version | None, model_id: str, run_id: str, root: str, files: PackageFiles
) -> Iterator[_Artifact]:
    """What the model is made of, by the listing that fits its source."""
    listed: list[rest.File] | None = None
    base = ""
    if model_id:
        listed = _listed(server, f"{API}/logged-models/{model_id}/artifacts/directories", "artifact_directory_path", {})
    elif version is not None and run_id and (base := _below(version.source, run_id, root)):
        listed = _listed(server, f"{API}/artifacts/list", "path", {"run_id": run_id}, base)
    if listed is None:
        files.notes.add(f"The artifacts could not be listed by {server.host}: their sizes are not known.")
        listed = [each for name in _SMALL if (each := _tried(server, version, name)) is not None]
    for each in listed[:_MOST_FILES]:
        name = each.path.removeprefix(f"{base}/") if base else each.path
        if version is not None:
            query = {"name": version.name, "version": version.version, "path": name}
            yield _Artifact(server, "/model-versions/get-artifact", query, name, each.file_size)
        else:
            path = f"/ajax-api/2.0/mlflow/logged-models/{model_id}/artifacts/files"
            yield _Artifact(server, path, {"artifact_file_path": name}, name, each.file_size)


def _below(source: str, run_id: str, root: str) -> str:
    """Path of a version's source below its run's artifacts; empty: it does not lie there."""
    for start in (f"runs:/{run_id}/", f"{root}/" if root else ""):
        if start and source.startswith(start):
            return source.removeprefix(start).strip("/")
    return ""


def _listed(
    server: RestServer, path: str, folder_name: str, params: dict[str, str], folder: str = "", deep: int = 0
) -> list[rest.File] | None:
    """Files of a folder and those below; None: the server does not list them."""
    asked = {**params, **({folder_name: folder} if folder else {})}
    try:
        found = server.decoded(server.get(path, asked), rest.Listing, path).files
    except _NOT_THERE:
        return None if deep == 0 else []
    files = [each for each in found if not each.is_dir]
    for each in found:
        if each.is_dir and deep < _DEEPEST and len(files) < _MOST_FILES and each.path != folder:
            files += _listed(server, path, folder_name, params, each.path, deep + 1) or []
    return files


def _tried(server: RestServer, version: rest.Version | None, name: str) -> rest.File | None:
    if version is None:
        return None
    query = {"name": version.name, "version": version.version, "path": name}
    try:
        return rest.File(name, file_size=len(server.get("/model-versions/get-artifact", query, limit=_KEPT)))
    except (*_NOT_THERE, Unreadable):
        return None
