"""Protobuf's text format, small: enough for configuration files, with limits on depth, tokens and size."""

from __future__ import annotations

import math
import re
from typing import Any, TypeAlias

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.encoding import decode

Message: TypeAlias = dict[str, list[Any]]
"""Field name to its values, in order: text, numbers, words (`TYPE_FP32`, `true`) as text, or messages."""

DEPTH = 32
TOKENS = 100_000

_TOKEN = re.compile(
    r"""(?P<skip>[\s,;]+|\#[^\n]*+)
    |(?P<word>[A-Za-z_][\w./-]*+)
    |(?P<number>[+-]?\s*(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[fF]?|inf(?:inity)?\b|nan\b))
    |(?P<text>"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+')
    |(?P<mark>[{}<>\[\]:])""",
    re.VERBOSE | re.DOTALL,
)
_CLOSING = {"{": "}", "<": ">", "[": "]"}
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_LONGEST_NUMBER = 40


def load_textproto(data: bytes, where: str, *, limit: int = 1 << 20) -> Message:
    """The outermost message. Raises `Unreadable`: too large, deep or long, damaged, not UTF-8."""
    return _Parser(decode(data, where, limit=limit), where).message()


class _Parser:
    """Reads token by token; open messages are a list, not calls within each other."""

    def __init__(self, text: str, where: str) -> None:
        self._text = text
        self._where = where
        self._at = 0
        self._left = TOKENS
        self._token: tuple[str, str] = ("", "")
        self._next()

    def message(self) -> Message:
        """All fields up to the end."""
        top: Message = {}
        open_: list[tuple[Message, str]] = [(top, "")]
        lists: list[tuple[str, int]] = []
        while self._token[0]:
            kind, value = self._token
            if lists and lists[-1][1] == len(open_):
                self._list_item(open_, lists)
            elif value == open_[-1][1] and kind == "mark":
                open_.pop()
                self._next()
            elif kind == "word" or value == "[":
                self._field(open_, lists)
            else:
                raise self._wrong("a field name was expected")
        if len(open_) > 1:
            raise self._wrong(f"“{open_[-1][1]}” is missing")
        if lists:
            raise self._wrong("“]” is missing")
        return top

    def _field(self, open_: list[tuple[Message, str]], lists: list[tuple[str, int]]) -> None:
        name = self._name()
        colon = self._token == ("mark", ":")
        if colon:
            self._next()
        kind, value = self._token
        if kind == "mark" and value in "{<":
            self._open(open_, name)
        elif kind == "mark" and value == "[":
            lists.append((name, len(open_)))
            open_[-1][0].setdefault(name, [])
            self._next()
        elif colon and kind in ("word", "number", "text"):
            open_[-1][0].setdefault(name, []).append(self._scalar())
        else:
            raise self._wrong(f"a value of {clean(name, limit=80)} was expected")

    def _name(self) -> str:
        if self._token[1] != "[":
            name = self._token[1]
            self._next()
            return name
        self._next()
        name = f"[{self._token[1]}]"  # an extension or a packed `Any`: kept under its name, used by nobody
        self._next()
        if self._token != ("mark", "]"):
            raise self._wrong("“]” was expected")
        self._next()
        return name

    def _list_item(self, open_: list[tuple[Message, str]], lists: list[tuple[str, int]]) -> None:
        kind, value = self._token
        name = lists[-1][0]
        if kind == "mark" and value == "]":
            lists.pop()
            self._next()
        elif kind == "mark" and value in "{<":
            self._open(open_, name)
        elif kind in ("word", "number", "text"):
            open_[-1][0][name].append(self._scalar())
        else:
            raise self._wrong(f"a value of {clean(name, limit=80)} or “]” was expected")

    def _open(self, open_: list[tuple[Message, str]], name: str) -> None:
        if len(open_) > DEPTH:
            raise self._wrong(f"nesting is deeper than {DEPTH}")
        inner: Message = {}
        open_[-1][0].setdefault(name, []).append(inner)
        open_.append((inner, _CLOSING[self._token[1]]))
        self._next()

    def _scalar(self) -> Any:
        kind, value = self._token
        self._next()
        if kind == "number":
            return _number(value)
        if kind == "word":
            return value
        pieces = [_unescape(value)]
        while self._token[0] == "text":
            pieces.append(_unescape(self._token[1]))
            self._next()
        return "".join(pieces)

    def _next(self) -> None:
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            if match is None:
                raise self._wrong(f"“{clean(self._text[self._at], limit=10)}” is out of place")
            self._at = match.end()
            if match.lastgroup == "skip":
                continue
            self._left -= 1
            if self._left < 0:
                raise self._wrong(f"there are more than {TOKENS:,} words")
            self._token = (match.lastgroup or "", match.group())
            return
        self._token = ("", "")

    def _wrong(self, why: str) -> Unreadable:
        line = self._text.count("\n", 0, self._at) + 1
        return Unreadable(f"{clean(self._where)} cannot be used: in line {line}, {why}.")


def _number(text: str) -> int | float | str:
    plain = "".join(text.split())
    if len(plain) > _LONGEST_NUMBER:
        return plain
    try:
        digits = plain.lstrip("+-")
        if digits[:2].lower() == "0x":
            return int(plain, 16)
        if digits.isdecimal():
            return int(plain, 8) if digits[0] == "0" and digits.strip("0") and len(digits) > 1 else int(plain)
        number = float(plain.rstrip("fF") if "inf" not in plain else plain)
    except ValueError:
        return plain
    return number if math.isfinite(number) else plain


def _unescape(quoted: str) -> str:
    def plain(match: re.Match[str]) -> str:
        octal, byte, short, long, other = match.groups()
        if octal or byte:
            return chr(int(octal, 8) if octal else int(byte, 16))
        if short or long:
            code = int(short or long, 16)
            return chr(code) if code < 0x110000 else "�"
        return _PLAIN.get(other, other)

    return _ESCAPE.sub(plain, quoted[1:-1])
