"""Pages that are made from the program say what the program does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("docs_tables", ROOT / "scripts" / "docs_tables.py")
assert SPEC is not None
assert SPEC.loader is not None
docs_tables = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(docs_tables)


@pytest.mark.parametrize("page", sorted(docs_tables.PAGES))
def test_a_generated_page_is_up_to_date(page: str) -> None:
    written = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert written == docs_tables.PAGES[page](), "run: .venv/bin/python scripts/docs_tables.py"
