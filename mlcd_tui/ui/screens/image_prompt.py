"""Asks for new images, container by container."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from mlcd_tui.domain.rollout import ImageUse, Role, Rollout

Images: TypeAlias = tuple[tuple[str, str], ...]

_NEWEST_FIRST = (Role.CANARY, Role.PREVIEW, Role.NEW)


def newest_images(rollout: Rollout) -> tuple[ImageUse, ...]:
    """The image of each container in the newest version; init containers last."""
    newest: dict[str, ImageUse] = {}
    for image in sorted(rollout.images, key=lambda use: not set(use.roles) & set(_NEWEST_FIRST)):
        newest.setdefault(image.container, image)
    return tuple(sorted(newest.values(), key=lambda use: use.init))


def image_complaint(text: str) -> str:
    """What is wrong with a typed image; empty when nothing is."""
    image = text.strip()
    if not image:
        return "An image cannot be empty."
    if any(char.isspace() for char in image) or not image.isprintable():
        return "An image has no blanks in its name."
    return ""


class ImagePrompt(ModalScreen[Images | None]):
    """One input for each container, with what runs now; enter goes on, and at the last one plans."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = """
    ImagePrompt { align: center middle; }
    ImagePrompt VerticalScroll { height: auto; max-height: 60%; }
    ImagePrompt .image { height: 1; }
    ImagePrompt .image Static { width: 20; color: $tone-dim; text-wrap: nowrap; text-overflow: ellipsis; }
    ImagePrompt .image Input { width: 1fr; height: 1; border: none; padding: 0; background: $background; }
    ImagePrompt .image Input:focus { background: $tone-cursor; }
    """

    def __init__(self, rollout: Rollout) -> None:
        super().__init__(classes="dialog")
        self._rollout = rollout
        self._images = newest_images(rollout)

    def compose(self) -> ComposeResult:
        """A question, the inputs, a complaint."""
        with Vertical(id="dialog") as dialog:
            dialog.border_title = Content("Set version")
            yield Static(Content(f"New images for {self._rollout.ref}; enter plans the change."), id="question")
            with VerticalScroll(can_focus=False):
                for image in self._images:
                    with Horizontal(classes="image"):
                        yield Static(Content(f"{image.container}{' (init)' if image.init else ''} "))
                        yield Input(image.image, compact=True, select_on_focus=False)
            yield Static("", id="complaint", markup=False)

    def on_mount(self) -> None:
        """The first input has the keys."""
        inputs = self.query(Input)
        if inputs:
            inputs.first().focus()
        else:
            self.query_one("#complaint", Static).update(Content("The containers are not known yet."))

    def _answer(self) -> Images:
        """Containers whose image was changed."""
        typed = [field.value.strip() for field in self.query(Input)]
        return tuple(
            (str(image.container), text) for image, text in zip(self._images, typed, strict=True) if text != image.image
        )

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        inputs = list(self.query(Input))
        complaints = [complaint for field in inputs if (complaint := image_complaint(field.value))]
        place = inputs.index(event.input)
        if not complaints and not self._answer() and place + 1 < len(inputs):
            inputs[place + 1].focus()
        elif complaints or not self._answer():
            self.query_one("#complaint", Static).update(Content((*complaints, "Change at least one image.")[0]))
        else:
            self.dismiss(self._answer())
