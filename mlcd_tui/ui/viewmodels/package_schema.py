"""What goes into a model and what comes out, as tables: one for each side of each endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlcd_tui.domain.package import ModelPackage, PackageSource
from mlcd_tui.domain.package_contracts import described
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels.package_table import table
from mlcd_tui.ui.viewmodels.package_words import BLANK, bounds, choices, literal, missing, shape
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold

_HEADS = ("name", "type", "shape", "required", "null", "default", "allowed", "about")
_ROOMY = 96
_DEEPEST = 12
_MOST = 2_000
"""Fields shown of one side; nobody reads on, and the raw source has them all."""
_COERCE = {"mlflow": "numbers are cast where that is safe (MLflow)", "json": "numbers as the JSON Schema says"}
_EXTRAS = {Extras.IGNORE: "others are ignored", Extras.REJECT: "others are refused", Extras.UNKNOWN: ""}
_KINDS = {SchemaKind.COLUMNS: "column", SchemaKind.TENSORS: "tensor", SchemaKind.JSON: "property"}


def schema_lines(package: ModelPackage, room: int) -> tuple[Line, ...]:
    """All endpoints of a package."""
    if not package.endpoints:
        return ((missing("  No input or output is recorded, so nobody can tell whether callers still fit."),),)
    lines: list[Line] = []
    for endpoint, places in described(package.endpoints):
        sources = [package.sources[place] for place in places if place < len(package.sources)]
        lines.extend((BLANK,) if lines else ())
        lines.extend(endpoint_lines(endpoint, _told_by(sources) if len(package.sources) > 1 else "", room))
    return tuple(lines)


def _told_by(sources: Sequence[PackageSource]) -> str:
    """By its format; where several documents say the same, by their names too."""
    if len(sources) < 2:
        return "".join(source.format for source in sources)
    return " and ".join(f"{source.format} {source.address.rpartition('/')[2]}" for source in sources)


def endpoint_lines(endpoint: Endpoint, source: str, room: int) -> Iterator[Line]:
    """One endpoint: its name and route, then a table for each side."""
    batch = {None: "", 0: "no batches"}.get(endpoint.max_batch, f"batches up to {endpoint.max_batch}")
    facts = (endpoint.route, f"from {source}" if source else "", _COERCE.get(endpoint.coerce, ""), batch)
    after = tuple(Span(f"   {fact}", Tone.DIM) for fact in facts if fact)
    yield from wrap((Span(f"  {endpoint.name or 'predict'}", Tone.BRIGHT), *after), room, 4)
    for name, side in (("Inputs", endpoint.inputs), ("Outputs", endpoint.outputs), ("Parameters", endpoint.params)):
        if side.kind is SchemaKind.NONE and name == "Parameters":
            continue
        yield from wrap((Span(f"  {name}", bold(Tone.DIM)), *_about(side, sent=name != "Outputs")), room, 4)
        yield from table(_HEADS, list(_rows(side, sent=name != "Outputs", roomy=room >= _ROOMY)), room, indent=4)


def _about(side: Schema, *, sent: bool) -> Line:
    """How a side is written."""
    match side.kind:
        case SchemaKind.NONE:
            return (missing("   not recorded"),)
        case SchemaKind.MODALITY:
            return (Span(f"   {', '.join(map(clean, sorted(side.modalities))) or 'kind not recorded'}", Tone.TEXT),)
    count, one = len(side.fields), _KINDS[side.kind]
    many = {"property": "properties"}.get(one, f"{one}s")
    parts = [f"{count} {one if count == 1 else many}"]
    if side.kind is SchemaKind.JSON:
        parts = [f"JSON Schema {clean(side.dialect)}".rstrip(), *(parts if count else ["see the raw source"])]
    elif not side.named:
        parts.append("by position")
    parts.append(_EXTRAS[side.extras] if sent else "")
    return (Span(f"   {', '.join(filter(None, parts))}", Tone.DIM),)


def _rows(side: Schema, *, sent: bool, roomy: bool) -> Iterator[tuple[Span, ...]]:
    for shown, (place, field, depth) in enumerate(_walk(side.fields, 0)):
        if shown == _MOST:
            yield (Span("… more in the raw source", Tone.DIM), *(Span("") for _ in _HEADS[1:]))
            return
        yield _row(place, field, depth, sent=sent, roomy=roomy)


def _walk(fields: tuple[Field, ...], depth: int) -> Iterator[tuple[int, Field, int]]:
    for place, field in enumerate(fields):
        yield place, field, depth
        if depth < _DEEPEST:
            yield from _walk(field.children, depth + 1)


def _row(place: int, field: Field, depth: int, *, sent: bool, roomy: bool) -> tuple[Span, ...]:
    name = field.name or ("each" if depth else f"#{place + 1}")
    own = f"{field.dtype} ({field.raw})" if field.raw and field.raw.lower() != field.dtype else ""
    null = {None: "", True: "yes", False: "no"}[field.nullable]
    allowed = choices(field.choices) if field.choices is not None else bounds(field.minimum, field.maximum)
    return (
        Span(f"{'  ' * depth}{name}", Tone.BRIGHT if not depth else Tone.TEXT, field.doc),
        Span(own if own and roomy else field.dtype, Tone.TEXT, own),
        Span(shape(field.shape), Tone.TEXT),
        _required(field, sent=sent, element=bool(depth and not field.name)),
        Span(null, Tone.DIM),
        Span(literal(field.default) if field.has_default else "", Tone.TEXT),
        Span(allowed, Tone.TEXT),
        Span(field.doc if roomy else "", Tone.DIM),
    )


def _required(field: Field, *, sent: bool, element: bool) -> Span:
    """Whether callers must send it, or may miss it in an answer; the elements of a list are neither."""
    if element or (field.required and not sent):
        return Span("")
    if not sent:
        return Span("may be absent", Tone.WAITS)
    return Span("required", Tone.TEXT) if field.required else Span("optional", Tone.DIM)
