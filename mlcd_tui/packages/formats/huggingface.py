"""Hugging Face: the front matter and sections of a model card, and the architecture in config.json."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Dataset, Dependency, Metric, ModelPackage, Pairs, Split, Training
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats._splits import split_of
from mlcd_tui.packages.reading.document import base_name, source_of
from mlcd_tui.packages.reading.encoding import decode
from mlcd_tui.packages.reading.extensions import is_installed
from mlcd_tui.packages.reading.fields import Notes, scalar_text
from mlcd_tui.packages.reading.json import load_json
from mlcd_tui.packages.reading.yaml import load_yaml

_LIMIT = 1 << 20
_PEEK = 16 << 10
_CARD = re.compile(rb"(?mi)^#{1,3} (?:model description|model card for|model details|intended uses?\b)")
_FRONT = re.compile(r"---[ \t]*\r?\n(?:(.*?)\r?\n)?---[ \t]*(?:\r?\n|$)", re.DOTALL)
_FRONT_BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
_CONFIG = re.compile(rb'"(?:architectures"\s*:\s*[\[n]|transformers_version"\s*:)')
_HEADING = re.compile(r"#{1,6}\s+(.*)")
_PLACEHOLDER = "[more information needed]"
_MOST_SECTION_LINES = 40
_MOST_ROWS = 500
_ITEM = re.compile(r"[-*] ([A-Za-z_][\w .-]{0,80}): (.+)")
_CARD_RANK, _CONFIG_RANK = 20, 50
_USED_KEYS = (
    "license",
    "license_name",
    "datasets",
    "base_model",
    "pipeline_tag",
    "model-index",
    "library_name",
    "thumbnail",
    "widget",
)


@dataclass(frozen=True, slots=True)
class HuggingFace:
    """Reads `README.md` and `config.json`."""

    name: str = "huggingface"
    title: str = "Hugging Face"
    patterns: tuple[str, ...] = ("README.md", "config.json")

    def find(self, files: Files) -> tuple[str, ...]:
        """Cards and configurations of transformers, known by how they begin: both names are common."""
        found: list[str] = []
        for entry in files.entries():
            name = base_name(entry.path)
            if name in self.patterns and not is_installed(entry.path):
                try:
                    start = files.part(entry.path, 0, _PEEK)
                except Unreadable:
                    continue  # it may be anyone's file: no reason to complain
                is_card = _FRONT_BEGIN.match(start) or _CARD.search(start)
                if _CONFIG.search(start) if name == "config.json" else is_card:
                    found.append(entry.path)
        return tuple(found)

    def read(self, files: Files, path: str) -> ModelPackage:
        """What the card or the configuration says."""
        data = files.read(path, _LIMIT)
        notes = Notes(base_name(path))
        if base_name(path).endswith(".json"):
            return _config(files, path, data, notes)
        return _card(files, path, data, notes)


def _card(files: Files, path: str, data: bytes, notes: Notes) -> ModelPackage:
    text = decode(data, path, limit=_LIMIT)
    match = _FRONT.match(text)
    if match is None and text.startswith("---"):
        raise Unreadable(f"{clean(path)} cannot be used: its front matter does not end.")
    front: Mapping[str, Any] = {}
    if match is not None:
        # Tells line numbers of the file itself: the front matter begins in its second line.
        front = notes.mapping(load_yaml(b"\n" + (match.group(1) or "").encode(), path), "front matter")
    package = _claims(front, text[match.end() if match else 0 :], notes)
    source = source_of(files, path, data, format=FORMAT.name, rank=_CARD_RANK, warnings=notes.warnings)
    return replace(package, sources=(source,))


def _claims(front: Mapping[str, Any], body: str, notes: Notes) -> ModelPackage:
    name, metrics, measured = _results(front.get("model-index"), notes)
    library = notes.text(front.get("library_name"), "library_name", limit=200)
    used = tuple(Dataset(name, Split.TRAIN) for name in notes.texts(front.get("datasets"), "datasets"))
    sections = _sections(body)
    written = tuple(
        Metric(label, number, Clean("") if number is not None else value)
        for label, value in _rows(sections, "evaluation", header=("metric", "value"))
        for number in (notes.number(value, "evaluation results", quiet=True),)
    )
    licences = tuple(
        notes.text(front.get("license_name"), "license_name", limit=200) or licence if licence == "other" else licence
        for licence in notes.texts(front.get("license"), "license")
    )
    rest = {key: value for key, value in front.items() if key not in _USED_KEYS}
    return ModelPackage(
        name=name,
        description=_description(sections),
        task=notes.text(front.get("pipeline_tag"), "pipeline_tag", limit=200),
        licences=licences,
        intended_use=_lines(sections, "intended use", "direct use", "downstream use"),
        limits=_lines(sections, "limitation", "out-of-scope", "bias"),
        training=Training(
            parameters=_rows(sections, "hyperparameter"),
            datasets=(*used, *measured),
            base_models=notes.texts(front.get("base_model"), "base_model"),
            environment=((Clean("library"), library),) if library else (),
        ),
        metrics=metrics or written,
        extra=notes.pairs(rest, "front matter"),
    )


def _results(value: Any, notes: Notes) -> tuple[Clean, tuple[Metric, ...], tuple[Dataset, ...]]:
    """Name, metrics and what they were measured on, from `model-index`; of several models, the first one's."""
    models = notes.mappings(value, "model-index")
    if not models:
        return Clean(""), (), ()
    if len(models) > 1:
        notes.warn("model-index", f"describes {len(models)} models, the first is used")
    metrics: list[Metric] = []
    datasets: dict[tuple[Clean, Split], Dataset] = {}
    for index, result in enumerate(notes.mappings(models[0].get("results"), "model-index[0].results")):
        where = f"model-index[0].results[{index}]"
        dataset = _dataset(result.get("dataset"), f"{where}.dataset", notes)
        if dataset is not None:
            datasets.setdefault((dataset.name, dataset.split), dataset)
        config = notes.mapping(result.get("dataset"), f"{where}.dataset").get("config")
        for place, item in enumerate(notes.mappings(result.get("metrics"), f"{where}.metrics")):
            metric = _metric(item, f"{where}.metrics[{place}]", dataset, config, notes)
            if metric.name:
                metrics.append(metric)
    name = notes.text(models[0].get("name"), "model-index[0].name", limit=500)
    return name, tuple(metrics), tuple(datasets.values())


def _dataset(value: Any, where: str, notes: Notes) -> Dataset | None:
    found = notes.mapping(value, where)
    kind = notes.text(found.get("type"), f"{where}.type", limit=500)
    name = kind or notes.text(found.get("name"), f"{where}.name", limit=500)
    if not name:
        return None
    split = notes.text(found.get("split"), f"{where}.split", limit=100)
    revision = notes.text(found.get("revision"), f"{where}.revision", limit=200)
    return Dataset(name, split_of(split), version=revision)


def _metric(item: Mapping[str, Any], where: str, dataset: Dataset | None, config: Any, notes: Notes) -> Metric:
    raw = item.get("value")
    number = notes.number(raw, f"{where}.value", quiet=True)
    return Metric(
        notes.text(item.get("type"), f"{where}.type", limit=200) or notes.text(item.get("name"), f"{where}.name"),
        number,
        Clean("") if number is not None else scalar_text(raw),
        dataset=dataset.name if dataset is not None else Clean(""),
        split=dataset.split if dataset is not None else Split.UNKNOWN,
        part=notes.text(config, f"{where}.config", limit=200),
        verified=notes.boolean(item.get("verified"), f"{where}.verified"),
    )


def _sections(body: str) -> dict[str, list[str]]:
    """Heading, in lower case, to the text under it; what is to be filled in is left out."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    fenced = False
    for line in body.splitlines():
        fenced ^= line.lstrip().startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading is not None:
            current = found.setdefault(heading.group(1).strip().lower(), [])
        elif line.strip() and _PLACEHOLDER not in line.lower() and not line.startswith("<!--"):
            current.append(line.strip())
    return found


def _lines(sections: Mapping[str, list[str]], *words: str) -> tuple[Clean, ...]:
    lines = [line for title, lines in sections.items() if any(word in title for word in words) for line in lines]
    return tuple(clean(line) for line in lines[:_MOST_SECTION_LINES])


def _description(sections: Mapping[str, list[str]]) -> Clean:
    """What the card says of the model first: of several sections that may, the first that says anything."""
    titles = [title for title in sections if "model description" in title or "model summary" in title]
    lines = next((sections[title] for title in (*titles, *list(sections)[:1]) if sections[title]), [])
    return clean(" ".join(line for line in lines[:_MOST_SECTION_LINES] if not line.startswith(("<", "|", "![", "[!["))))


def _rows(sections: Mapping[str, list[str]], word: str, header: tuple[str, str] | None = None) -> Pairs:
    """Pairs that libraries write under a heading: tables of two columns (skops), or `- name: value` (transformers).

    Args:
        sections: lines by heading.
        word: what the heading contains.
        header: the head that a table must have, in lower case; lists are not read then.
    """
    found: dict[Clean, Clean] = {}
    for lines in (lines for title, lines in sections.items() if word in title):
        head: tuple[str, ...] = ()
        for line in lines[:_MOST_ROWS]:
            cells = tuple(cell.strip() for cell in line.strip("|").split("|")) if line.startswith("|") else ()
            if not cells:
                head, item = (), _ITEM.match(line)
                cells = item.groups() if item is not None and header is None else ()
            elif not head:
                head = tuple(cell.lower() for cell in cells)
                continue
            is_rule = all(set(cell) <= {":", "-"} for cell in cells)
            if len(cells) == 2 and cells[0] and not is_rule and (header is None or head == header):
                found.setdefault(clean(cells[0], limit=200), clean(cells[1], limit=500))
    return tuple(found.items())


def _config(files: Files, path: str, data: bytes, notes: Notes) -> ModelPackage:
    document = load_json(data, path, limit=_LIMIT)
    if not isinstance(document, Mapping):
        raise Unreadable(f"{clean(path)} is no configuration of a model: it is no map.")
    architectures = notes.texts(document.get("architectures"), "architectures")
    version = notes.text(document.get("transformers_version"), "transformers_version", limit=100)
    facts: Pairs = tuple(
        (Clean(key), scalar_text(document[key]))
        for key in ("model_type", "torch_dtype", "dtype", "quantization_config", "vocab_size", "_name_or_path")
        if document.get(key) is not None
    )
    return ModelPackage(
        architecture=clean(", ".join(architectures)) or notes.text(document.get("model_type"), "model_type", limit=200),
        dependencies=(Dependency(Clean("transformers"), version),) if version else (),
        extra=facts,
        sources=(source_of(files, path, data, format=FORMAT.name, rank=_CONFIG_RANK, warnings=notes.warnings),),
    )


FORMAT = HuggingFace()
