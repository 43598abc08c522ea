"""The page of decisions says what the code does."""

import json
from pathlib import Path

from mmer.report.decisions import configuration_schema, decisions_page

SCHEMA = Path(__file__).parents[2] / "config" / "schema.json"
PAGE = Path(__file__).parents[2] / "docs" / "decisions.md"


def test_the_page_is_up_to_date():
    assert PAGE.read_text("utf-8") == decisions_page(), "run `make decisions`"


def test_the_schema_is_up_to_date():
    assert json.loads(SCHEMA.read_text("utf-8")) == json.loads(
        json.dumps(configuration_schema())
    ), "run `make decisions`"


def test_decided_and_stated_settings_are_told_apart():
    decided, stated = decisions_page().split("## Stated")
    assert "`models.<cnn14>.settings.mixup_alpha` | `1.0`" in decided
    assert "`models.<cnn14>.settings.batch_size` | `24`" in stated
    assert "paper section 4.1" in stated
