"""The questions that the parts of an endpoint check put to one server, and what was found."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mlcd_tui.checks.kinds._asking import Answer, Asker, read_json
from mlcd_tui.checks.kinds._contract import Contract, Operation
from mlcd_tui.checks.kinds._examples import NoExampleError, example
from mlcd_tui.checks.kinds._outcome import Outcome
from mlcd_tui.checks.kinds._schema_plan import EndpointSchemaPart
from mlcd_tui.checks.kinds._snapshot_cases import Case, cases
from mlcd_tui.domain.check_ports import Served
from mlcd_tui.domain.checks import CheckState, ImageIdentity
from mlcd_tui.domain.errors import Unreadable

_MOST_OPERATIONS = 20
"""Operations that are asked; a model has one or two."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the check came to."""

    name: str
    state: CheckState
    sentence: str


@dataclass(frozen=True, slots=True)
class Sent:
    """One valid request."""

    name: str
    operation: Operation
    path: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    made: bool = False
    """By us, from the schema: that a server refuses it may be the schema's fault."""

    @property
    def value(self) -> Any:
        """Its body as JSON; None: it is none."""
        try:
            return read_json(self.body)
        except Unreadable:
            return None


@dataclass(slots=True)
class Probing:
    """One check on one running server."""

    spec: EndpointSchemaPart
    contract: Contract
    asker: Asker
    served: Served
    image: ImageIdentity
    folder: Path
    outcome: Outcome
    log: Callable[[str], None]
    total: int = 0
    passed: int = 0
    working: dict[str, Sent] = field(default_factory=dict)
    """By operation: a request that was answered well."""

    def count(self, *, good: bool) -> None:
        """One question more that was put."""
        self.total += 1
        self.passed += good

    def ask(self, sent: Sent) -> Answer:
        """Send a valid request."""
        headers = {"content-type": "application/json", **dict(sent.headers)}
        return self.asker.ask(sent.operation.method, sent.path, sent.body, headers)

    @property
    def operations(self) -> tuple[Operation, ...]:
        """Those that the plan names, else all, within reason."""
        named = self.spec.operations
        chosen = [one for one in self.contract.operations if not named or one.path in named]
        return tuple(chosen[:_MOST_OPERATIONS])

    def requests(self) -> Iterator[Sent | str]:
        """Valid requests of each operation: given ones, else the document's, else one made; or why there is none."""
        given = self._given()
        for operation in self.operations:
            mine = [sent for sent in given if sent.operation is operation]
            if mine:
                yield from mine
                continue
            try:
                path, headers = self._address(operation)
                if operation.examples:
                    for at, body in enumerate(operation.examples):
                        data = json.dumps(body).encode()
                        made = self.contract.kind != "openapi"
                        yield Sent(f"example {at + 1}", operation, path, data, headers, made=made)
                else:
                    data = json.dumps(example(operation.body, self.contract.root)).encode()
                    yield Sent("made from the schema", operation, path, data, headers, made=True)
            except NoExampleError:
                yield f"no valid input could be made for {operation.label}: give one in `examples`"

    def _given(self) -> list[Sent]:
        if self.spec.examples is None:
            return []
        return [sent for case in cases(self.folder / self.spec.examples) if (sent := self._from(case)) is not None]

    def _from(self, case: Case) -> Sent | None:
        body, _ = case.request()
        settings = case.settings()
        path = settings.get("path")
        for operation in self.operations:
            if path is None or (isinstance(path, str) and _fits(operation.path, path)):
                address, headers = (path, ()) if isinstance(path, str) else self._address(operation)
                return Sent(case.name, operation, address, body or b"", headers)
        self.log(f"{case.name}: no operation has its path")
        return None

    def _address(self, operation: Operation) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Path and headers with what is required filled in. Raises `NoExampleError`."""
        path, query = operation.path, []
        headers: list[tuple[str, str]] = []
        for one in operation.parameters:
            if not one.required:
                continue
            value = example(one.schema, self.contract.root)
            text = value if isinstance(value, str) else json.dumps(value)
            if one.place == "path":
                path = path.replace(f"{{{one.name}}}", quote(text, safe=""))
            elif one.place == "query":
                query.append(f"{quote(one.name, safe='')}={quote(text, safe='')}")
            elif one.place == "header" and text.isascii() and text.isprintable():
                headers.append((one.name, text))
        return path + (f"?{'&'.join(query)}" if query else ""), tuple(headers)


def _fits(template: str, path: str) -> bool:
    plain = path.partition("?")[0]
    pattern = "".join(
        "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{[^{}/]*\})", template)
    )
    return re.fullmatch(pattern, plain) is not None
