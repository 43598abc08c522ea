"""What is to be said of an item: classes, or traces over time."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mmer.tasks.classes import Classes
from mmer.tasks.traces import Traces

Task = Annotated[Classes | Traces, Field(discriminator="kind")]
"""Any task, as a job is told it."""
