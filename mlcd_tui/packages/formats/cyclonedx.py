"""CycloneDX ML-BOM: the model card of a component, its data and its libraries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dataset, Dependency, Metric, ModelPackage, Split, Training
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _sniff
from mlcd_tui.packages.reading.document import source_of
from mlcd_tui.packages.reading.extensions import artifact_of
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json

_NAMES = ("bom.json", "mlbom.json", "sbom.json")
_LIMIT = 4 << 20
_MODEL = "machine-learning-model"
_ALGORITHMS = {"SHA-256": "sha256", "SHA-512": "sha512", "SHA-384": "sha384", "SHA-1": "sha1", "MD5": "md5"}


@dataclass(frozen=True, slots=True)
class _CycloneDx:
    name: str = "cyclonedx"
    title: str = "CycloneDX ML-BOM"
    patterns: tuple[str, ...] = ("*.cdx.json", *_NAMES)

    def find(self, files: Files) -> tuple[str, ...]:
        listed = _sniff.named(files, lambda name: name.endswith(".cdx.json") or name in _NAMES)
        return tuple(
            path for path in listed if path.endswith(".cdx.json") or _sniff.mentions(files, path, b"CycloneDX")
        )

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        data = files.read(path, _LIMIT)
        bom = load_json(data, path, limit=_LIMIT)
        if not isinstance(bom, Mapping) or bom.get("bomFormat") != "CycloneDX":
            raise Unreadable(f"{clean(path)} is no CycloneDX document: bomFormat is not CycloneDX.")
        package = _Bom(bom, notes).package()
        source = source_of(files, path, data, format=self.name, rank=50, warnings=notes.warnings)
        return replace(package, sources=(source,))


FORMAT = _CycloneDx()


class _Bom:
    """One document: the component that is a model, and what it refers to."""

    def __init__(self, bom: Mapping[str, Any], notes: Notes) -> None:
        self._notes = notes
        self._metadata = notes.mapping(bom.get("metadata"), "metadata")
        main = notes.mapping(self._metadata.get("component"), "metadata.component")
        listed = notes.mappings(bom.get("components"), "components")
        self._components = (main, *listed) if main else listed
        self._by_ref = {
            ref: component for component in self._components if isinstance(ref := component.get("bom-ref"), str)
        }

    def package(self) -> ModelPackage:
        """What it says of its model; of a plain list of libraries, only those."""
        notes = self._notes
        models = [component for component in self._components if component.get("type") == _MODEL]
        if len(models) > 1:
            notes.warn("components", f"hold {len(models)} models, the first one is shown")
        timestamp = notes.moment(self._metadata.get("timestamp"), "metadata.timestamp")
        dependencies = self._dependencies()
        if not models:
            return ModelPackage(dependencies=dependencies)
        model = models[0]
        card = notes.mapping(model.get("modelCard"), "modelCard")
        parameters = notes.mapping(card.get("modelParameters"), "modelCard.modelParameters")
        considered = notes.mapping(card.get("considerations"), "modelCard.considerations")
        return ModelPackage(
            name=notes.text(model.get("name"), "component.name"),
            version=notes.text(model.get("version"), "component.version"),
            description=notes.text(model.get("description"), "component.description"),
            created=timestamp,
            authors=self._authors(model),
            licences=self._licences(model, "component"),
            task=notes.text(parameters.get("task"), "modelCard.modelParameters.task"),
            architecture=self._architecture(parameters),
            intended_use=self._texts(considered, ("useCases", "users")),
            limits=self._texts(
                considered,
                ("technicalLimitations", "performanceTradeoffs", "ethicalConsiderations", "fairnessAssessments"),
            ),
            artifacts=self._artifacts(model),
            training=self._training(model, parameters),
            metrics=self._metrics(card),
            dependencies=dependencies,
            extra=self._extra(model, parameters),
        )

    def _authors(self, component: Mapping[str, Any]) -> tuple[Clean, ...]:
        notes = self._notes
        people = notes.mappings(component.get("authors"), "component.authors")
        names = [notes.text(person.get("name", person.get("email")), "component.authors.name") for person in people]
        names.append(notes.text(component.get("author"), "component.author"))
        organisations = (notes.mapping(component.get(key), f"component.{key}") for key in ("manufacturer", "supplier"))
        names.extend(notes.text(one.get("name"), "component.manufacturer.name") for one in organisations)
        names.append(notes.text(component.get("publisher"), "component.publisher"))
        return tuple(dict.fromkeys(filter(None, names)))[:50]

    def _licences(self, component: Mapping[str, Any], where: str) -> tuple[Clean, ...]:
        notes = self._notes
        found = []
        for at, entry in enumerate(notes.mappings(component.get("licenses"), f"{where}.licenses", most=100)):
            licence = notes.mapping(entry.get("license"), f"{where}.licenses[{at}].license")
            value = entry.get("expression", licence.get("id", licence.get("name")))
            found.append(notes.text(value, f"{where}.licenses[{at}]"))
        return tuple(dict.fromkeys(filter(None, found)))

    def _architecture(self, parameters: Mapping[str, Any]) -> Clean:
        keys = ("modelArchitecture", "architectureFamily")
        found = (self._notes.text(parameters.get(key), f"modelCard.modelParameters.{key}") for key in keys)
        named = [text for text in found if text]
        return clean(f"{named[0]} ({named[1]})") if len(named) == 2 else (named or [Clean("")])[0]

    def _texts(self, considered: Mapping[str, Any], keys: tuple[str, ...]) -> tuple[Clean, ...]:
        """Sentences; considerations of several fields in one line each."""
        notes = self._notes
        found: list[Clean] = []
        for key in keys:
            where = f"modelCard.considerations.{key}"
            for item in notes.sequence(considered.get(key), where, most=100):
                if isinstance(item, Mapping):
                    text = "; ".join(f"{name}: {value}" for name, value in notes.pairs(item, where, most=10))
                    found.append(clean(text))
                else:
                    found.append(notes.text(item, where))
        return tuple(filter(None, found))

    def _artifacts(self, model: Mapping[str, Any]) -> tuple[Artifact, ...]:
        """The model itself, where it can be pinned by a digest, and its parts."""
        notes = self._notes
        found = []
        parts = notes.mappings(model.get("components"), "component.components", most=500)
        for component, where in ((model, "component"), *((part, "component.components") for part in parts)):
            name = notes.text(component.get("name"), f"{where}.name")
            digest = self._digest(component, where)
            if digest or component is not model:
                role = ArtifactRole.WEIGHTS if component is model else None
                found.append(replace(artifact_of(name, None, role=role), digest=digest))
        return tuple(found)

    def _digest(self, component: Mapping[str, Any], where: str) -> str:
        notes = self._notes
        hashes = {
            str(entry.get("alg")): notes.text(entry.get("content"), f"{where}.hashes.content", limit=200).lower()
            for entry in notes.mappings(component.get("hashes"), f"{where}.hashes", most=20)
        }
        return next((f"{ours}:{hashes[name]}" for name, ours in _ALGORITHMS.items() if hashes.get(name)), "")

    def _training(self, model: Mapping[str, Any], parameters: Mapping[str, Any]) -> Training:
        notes = self._notes
        ancestors = notes.mapping(model.get("pedigree"), "component.pedigree").get("ancestors")
        bases = (
            self._label(one, "component.pedigree.ancestors") for one in notes.mappings(ancestors, "ancestors", most=50)
        )
        references = notes.mappings(model.get("externalReferences"), "component.externalReferences", most=200)
        code = next((one.get("url") for one in references if one.get("type") == "vcs"), None)
        commits = notes.mapping(model.get("pedigree"), "component.pedigree").get("commits")
        commit = next((one.get("uid") for one in notes.mappings(commits, "component.pedigree.commits", most=50)), None)
        entries = enumerate(notes.mappings(parameters.get("datasets"), "modelCard.modelParameters.datasets", most=500))
        return Training(
            code_uri=notes.text(code, "component.externalReferences.url"),
            revision=notes.text(commit, "component.pedigree.commits.uid"),
            datasets=tuple(self._dataset(entry, f"modelCard.modelParameters.datasets[{at}]") for at, entry in entries),
            base_models=tuple(filter(None, bases)),
        )

    def _label(self, component: Mapping[str, Any], where: str) -> Clean:
        parts = (self._notes.text(component.get(key), f"{where}.{key}") for key in ("name", "version"))
        return clean("@".join(filter(None, parts)))

    def _properties(self, component: Mapping[str, Any]) -> tuple[tuple[Clean, Clean], ...]:
        notes = self._notes
        entries = notes.mappings(component.get("properties"), "component.properties", most=500)
        found = (
            (
                notes.text(one.get("name"), "component.properties.name"),
                notes.text(one.get("value"), "component.properties"),
            )
            for one in entries
        )
        return tuple((name, value) for name, value in found if name)

    def _dataset(self, entry: Mapping[str, Any], where: str) -> Dataset:
        """Written here, or as a component that is referred to."""
        notes = self._notes
        component: Mapping[str, Any] = {}
        inline = entry
        if isinstance(ref := entry.get("ref"), str):
            component = self._by_ref.get(ref, {})
            if not component:
                notes.warn(where, f"refers to {clean(ref, limit=80)}, which is not in this document")
            data = notes.mappings(component.get("data"), f"{where} data", most=20)
            inline = data[0] if data else {}
        name = component.get("name") or inline.get("name") or ref
        contents = notes.mapping(inline.get("contents"), f"{where}.contents")
        return Dataset(
            name=notes.text(name, f"{where}.name"),
            split=Split.UNKNOWN,
            version=notes.text(component.get("version"), f"{where}.version"),
            digest=clean(self._digest(component, where)),
            uri=notes.text(contents.get("url"), f"{where}.contents.url"),
            licence=clean(" ".join(self._licences(component, where))),
            classification=notes.text(inline.get("classification"), f"{where}.classification"),
        )

    def _metrics(self, card: Mapping[str, Any]) -> tuple[Metric, ...]:
        notes = self._notes
        analysis = notes.mapping(card.get("quantitativeAnalysis"), "modelCard.quantitativeAnalysis")
        where = "modelCard.quantitativeAnalysis.performanceMetrics"
        return tuple(
            self._metric(entry, f"{where}[{at}]")
            for at, entry in enumerate(notes.mappings(analysis.get("performanceMetrics"), where, most=500))
        )

    def _metric(self, entry: Mapping[str, Any], where: str) -> Metric:
        notes = self._notes
        interval = notes.mapping(entry.get("confidenceInterval"), f"{where}.confidenceInterval")
        low = notes.number(interval.get("lowerBound"), f"{where}.confidenceInterval.lowerBound")
        high = notes.number(interval.get("upperBound"), f"{where}.confidenceInterval.upperBound")
        part = notes.text(entry.get("slice"), f"{where}.slice")
        return Metric(
            name=notes.text(entry.get("type"), f"{where}.type") or clean("metric"),
            value=notes.number(entry.get("value"), f"{where}.value", quiet=True),
            raw=notes.text(entry.get("value"), f"{where}.value"),
            part=Clean("") if part.lower() == "all" else part,
            noise=(high - low) / 2 if low is not None and high is not None and high >= low else None,
        )

    def _dependencies(self) -> tuple[Dependency, ...]:
        notes = self._notes
        found = []
        for component in self._components:
            if component.get("type") in ("library", "framework"):
                url = notes.text(component.get("purl"), "component.purl")
                ecosystem = url.removeprefix("pkg:").partition("/")[0] if url.startswith("pkg:") else ""
                name = notes.text(component.get("name"), "component.name")
                version = notes.text(component.get("version"), "component.version")
                found.append(Dependency(name, version, clean(ecosystem, limit=40)))
        return tuple(found)

    def _extra(self, model: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[tuple[Clean, Clean], ...]:
        """Inputs and outputs are free text in this format: shown, never compared."""
        notes = self._notes

        def formats(key: str) -> str | None:
            entries = notes.mappings(parameters.get(key), f"modelCard.modelParameters.{key}", most=100)
            return ", ".join(notes.text(one.get("format"), f"{key}.format") for one in entries) or None

        approach = notes.mapping(parameters.get("approach"), "modelCard.modelParameters.approach")
        card = notes.pairs(
            {
                "approach": approach.get("type"),
                "inputs": formats("inputs"),
                "outputs": formats("outputs"),
                "purl": model.get("purl"),
                "group": model.get("group"),
            },
            "modelCard",
        )
        return (*card, *self._properties(model))
