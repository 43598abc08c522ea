"""The registry of files that the workflow downloads: address, size, checksum, licence.

Source of the entries: ``resources/weights.yaml``, one entry per published file.
"""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import Field, TypeAdapter, ValidationError

from mmer.media.download import mirrored_path
from mmer.runtime.errors import UserError
from mmer.settings import Settings


class RegisteredFile(Settings):
    """One published file.

    ``beside`` are further entries without which it is of no use, whose files lie in its folder.
    """

    title: str
    address: str = Field(pattern=r"^https://")
    sha256: str | None = Field(None, pattern=r"^[0-9a-f]{8,64}$")
    size: int | None = Field(None, gt=0)
    licence: str
    source: str
    beside: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """Where a mirror and the downloads folder keep it: ``<host>/<path>``."""
        return str(mirrored_path(self.address))


def read_registered(path: Path) -> dict[str, RegisteredFile]:
    """Read a registry; a UserError if it is not a mapping of names to complete entries."""
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        return TypeAdapter(dict[str, RegisteredFile]).validate_python(content)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise UserError(f"{path} is not a registry of downloads: {error}") from error
