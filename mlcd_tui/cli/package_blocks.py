"""A model package in blocks: what it is, what goes in and out, how it was made, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from mlcd_tui.cli.blocks import Block, pairs
from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.package import Dataset, Lack, Metric, ModelPackage, Split
from mlcd_tui.domain.package_contracts import described
from mlcd_tui.domain.schema import Dim, Endpoint, Field, Schema, SchemaKind

_NOT_RECORDED = "not recorded"
_FIELD_HEAD = ("name", "type", "as written", "shape", "required", "null", "default", "allowed", "about")
_DEEPEST = 4
_MOST_TEXT = 300


def package_blocks(package: ModelPackage) -> Iterator[Block]:
    """The whole package."""
    yield _head(package)
    for endpoint, sources in described(package.endpoints):
        yield from _endpoint(endpoint, sources, package)
    if not package.endpoints:
        yield Block("Schema", (_NOT_RECORDED,))
    yield _training(package)
    yield _data(package)
    yield from _columns_of_data(package)
    yield pairs("Parameters", package.training.parameters)
    yield Block(
        "Metrics",
        head=("name", "value", "better", "dataset", "split", "slice", "noise"),
        rows=tuple(_metric(one) for one in package.metrics),
    )
    yield Block(
        "Artifacts",
        head=("path", "role", "format", "bytes", "digest", "loaded by", "weights", "danger"),
        rows=tuple(
            (
                one.path,
                one.role.value,
                one.format or one.media_type,
                "" if one.size is None else f"{one.size:,}",
                one.digest[:19],
                one.loader,
                " ".join((*(() if one.parameters is None else (f"{one.parameters:,}",)), *one.precisions)),
                one.unsafe,
            )
            for one in package.artifacts
        ),
    )
    yield Block(
        "Dependencies",
        head=("name", "version", "from"),
        rows=tuple((one.name, one.version or "any", one.ecosystem) for one in package.dependencies),
    )
    yield from trust_blocks(package)


def trust_blocks(package: ModelPackage) -> Iterator[Block]:
    """How sure all that is: statements, contradictions, what lacks, and what it was read from."""
    yield Block(
        "Signatures and provenance",
        head=("kind", "state", "by", "of", "why"),
        rows=tuple((one.kind, one.state.value, one.by, one.subject[:19], one.reason) for one in package.statements),
    )
    yield Block(
        "Contradictions",
        head=("field", "in use", "but"),
        rows=tuple(
            (
                origin.field,
                _claimed(package, origin.claims[0].source, origin.claims[0].value),
                "; ".join(_claimed(package, claim.source, claim.value) for claim in origin.claims[1:]),
            )
            for origin in package.contradictions
            if origin.claims
        ),
    )
    yield lack_block(lacks(package))
    yield Block(
        "Sources",
        head=("", "format", "address", "digest", "rank"),
        rows=tuple(
            (str(place), one.format, one.address, one.digest[:19], str(one.rank))
            for place, one in enumerate(package.sources)
        ),
    )
    yield pairs("Further", ((label, _short(value)) for label, value in package.extra))
    yield Block("Not used", tuple(warning for source in package.sources for warning in source.warnings))


def lack_block(found: Iterable[Lack]) -> Block:
    """What is missing, the required first."""
    rows = tuple(("required" if one.required else "advised", one.field, one.sentence) for one in found)
    return Block("Lacks", head=("", "field", "what to do"), rows=rows)


def _claimed(package: ModelPackage, source: int, value: str) -> str:
    known = 0 <= source < len(package.sources)
    return f"{value} ({package.sources[source].format} {source})" if known else value


def _head(package: ModelPackage) -> Block:
    return pairs(
        package.label,
        (
            ("title", package.title),
            ("digest", package.digest or "none: it cannot be pinned"),
            ("created", moment(package.created)),
            ("authors", ", ".join(package.authors)),
            ("licence", ", ".join(package.licences) or _NOT_RECORDED),
            ("task", package.task),
            ("architecture", package.architecture),
            ("status", package.status),
            ("aliases", ", ".join(package.aliases)),
            ("trust", package.trust.value),
            ("images", ", ".join(package.images)),
            ("about", _short(package.description)),
            *_each("intended use", package.intended_use),
            *_each("limits", package.limits),
            *((f"tag {label}", value) for label, value in package.tags),
        ),
    )


def _each(label: str, values: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A row for each value, the label in front of the first."""
    for place, value in enumerate(values):
        yield ("" if place else label, _short(value))


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"


def _endpoint(endpoint: Endpoint, sources: Sequence[int], package: ModelPackage) -> Iterator[Block]:
    told = [f"{package.sources[place].format} {place}" for place in sources if place < len(package.sources)]
    by = f", by {' and '.join(told)}" if told and len(package.sources) > 1 else ""
    route = f" {endpoint.route}" if endpoint.route else ""
    for title, schema in (("inputs", endpoint.inputs), ("outputs", endpoint.outputs), ("parameters", endpoint.params)):
        if schema.kind is SchemaKind.NONE and title == "parameters":
            continue
        yield _schema(f"{endpoint.name}{route}: {title} ({schema.kind.value}{by})", schema)


def _schema(title: str, schema: Schema) -> Block:
    if schema.kind is SchemaKind.NONE:
        return Block(title, (_NOT_RECORDED,))
    rows = tuple(row for place, one in enumerate(schema.fields) for row in _field(one, place, ""))
    lines = [", ".join(sorted(schema.modalities))] if schema.modalities else []
    if not schema.named and rows:
        lines.append("Callers bind by position.")
    if not rows and not lines:
        lines.append("A JSON Schema without named fields." if schema.kind is SchemaKind.JSON else "No fields.")
    return Block(title, tuple(lines), _FIELD_HEAD, rows)


def _field(one: Field, place: int, prefix: str) -> Iterator[tuple[str, ...]]:
    name = f"{prefix}{one.name or place}"
    bounds = " ".join(
        filter(
            None,
            (
                "" if one.minimum is None else f"≥ {one.minimum:g}",
                "" if one.maximum is None else f"≤ {one.maximum:g}",
                "" if one.choices is None else ", ".join(str(choice) for choice in one.choices[:8]),
                "…" if one.choices is not None and len(one.choices) > 8 else "",
            ),
        )
    )
    yield (
        name,
        one.dtype,
        "" if one.raw == one.dtype else one.raw,
        shape(one.shape),
        "yes" if one.required else "no",
        "" if one.nullable is None else "yes" if one.nullable else "no",
        str(one.default)[:60] if one.has_default else "",
        bounds[:80],
        one.doc[:80],
    )
    if name.count("/") < _DEEPEST:
        for number, child in enumerate(one.children):
            yield from _field(child, number, f"{name}/")


def shape(dims: tuple[Dim, ...] | None) -> str:
    """`[batch, 3]`; a free dimension is `?`."""
    return "" if dims is None else f"[{', '.join('?' if dim is None else str(dim) for dim in dims)}]"


def _training(package: ModelPackage) -> Block:
    made = package.training
    part = package.training_part
    if not made.recorded and part is None:
        return Block("Training", (_NOT_RECORDED,))
    return pairs(
        "Training",
        (
            ("lineage", " → ".join(_lineage(package))),
            ("run", made.run_id),
            ("run at", made.run_uri),
            ("author", made.author),
            ("started", moment(made.started)),
            ("finished", moment(made.finished)),
            ("code", " ".join(filter(None, (made.code_uri, made.revision)))),
            ("entry point", made.entry_point),
            ("trains by", (part.entry_point or _NOT_RECORDED) if part else ""),
            ("trains in", part.environment if part else ""),
            ("builder", made.builder),
            ("base models", ", ".join(made.base_models)),
            *made.environment,
            *made.hardware,
        ),
    )


def _lineage(package: ModelPackage) -> Iterator[str]:
    """Data, code, run, artifact: the chain that the model came by."""
    made = package.training
    train = [one for one in made.datasets if one.split in {Split.TRAIN, Split.UNKNOWN}]
    if train:
        more = f" and {len(train) - 2} more" if len(train) > 2 else ""
        yield ", ".join(_named(one) for one in train[:2]) + more
    if made.revision or made.code_uri:
        yield f"code {made.revision[:12] or made.code_uri}"
    if made.run_id:
        yield f"run {made.run_id}"
    weights = [one for one in package.artifacts if one.role.value == "weights"]
    if weights:
        yield weights[0].path + (f" and {len(weights) - 1} more" if len(weights) > 1 else "")
    if package.images:
        yield f"image {package.images[0].rpartition('@')[2][:19]}"


def _named(one: Dataset) -> str:
    return f"{one.name} {one.version or one.digest[:19]}".rstrip()


def _data(package: ModelPackage) -> Block:
    return Block(
        "Data",
        head=("name", "split", "version", "digest", "rows", "columns", "licence", "class", "from"),
        rows=tuple(
            (
                one.name,
                "" if one.split is Split.UNKNOWN else one.split.value,
                one.version,
                one.digest[:19],
                "" if one.rows is None else f"{one.rows:,}",
                str(len(one.schema.fields) or ""),
                one.licence,
                one.classification,
                one.uri,
            )
            for one in package.training.datasets
        ),
    )


def _columns_of_data(package: ModelPackage) -> Iterator[Block]:
    """What the rows of each dataset hold, as far as it is recorded."""
    for data in package.training.datasets:
        split = "" if data.split is Split.UNKNOWN else f" ({data.split.value})"
        rows = tuple((one.name or str(place), one.dtype) for place, one in enumerate(data.schema.fields))
        yield Block(f"Columns of {data.name}{split}", head=("name", "type"), rows=rows)


def _metric(one: Metric) -> tuple[str, ...]:
    return (
        one.name,
        one.raw if one.value is None else f"{one.value:.6g}",
        "" if one.direction.value == "unknown" else one.direction.value,
        one.dataset,
        "" if one.split is Split.UNKNOWN else one.split.value,
        one.part,
        "" if one.noise is None else f"±{one.noise:.4g}",
    )


def moment(value: datetime | None) -> str:
    """`2026-03-04 05:06 UTC`."""
    return "" if value is None else value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
