"""The page of decisions says what the code does."""

from pathlib import Path

import pytest

from mmer.config import configuration_class
from mmer.registry import read_registry
from mmer.report.decisions import configuration_schema, decisions_page

PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"


@pytest.fixture(scope="module")
def configuration():
    return configuration_class(read_registry())


def test_the_page_is_up_to_date(configuration):
    assert PAGE.read_text("utf-8") == decisions_page(configuration), "run `make decisions`"


def test_decided_and_stated_settings_are_told_apart_and_the_schema_has_every_section(configuration):
    decided, stated = decisions_page(configuration).split("## Stated")
    assert "`models.<cnn14>.settings.mixup_alpha` | `1.0`" in decided
    assert "`models.<cnn14>.settings.batch_size` | `24`" in stated
    assert "paper section 4.1" in stated
    # A decision on a whole mapping is told too, and its entries' keys are written <name>.
    assert "| `fusion.inputs` | `{'minmax': {'scaling': 'minmax'}, 'unscaled': {}}`" in decided
    assert "`fusion.inputs.<name>.by_system`" in decided
    assert "`models.<bilstm>.settings.architectures` | `[]`" in decided
    assert {"run", "models", "report"} <= set(configuration_schema(configuration)["properties"])
