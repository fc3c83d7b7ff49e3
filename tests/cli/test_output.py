"""Tables line up, and say when there is nothing in them."""

from __future__ import annotations

import pytest

from upwell.cli import output


def test_numbers_stand_right_and_words_left(capsys: pytest.CaptureFixture[str]) -> None:
    """Columns can be read down; thousands are grouped; nothing is a dash."""
    output.table(("name", "items", "code"), [["a", 1234567, None], ["longer", 5, "x"]], empty="")

    assert capsys.readouterr().out == "name        items  code\na       1,234,567  -\nlonger          5  x\n"


def test_truth_is_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    """A yes or no is not a 1 or 0."""
    output.table(("closed",), [[True], [False]], empty="")

    assert [line.strip() for line in capsys.readouterr().out.splitlines()] == ["closed", "yes", "no"]


def test_an_empty_table_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, so that a program that reads rows reads none."""
    output.table(("name",), [], empty="Nothing is there.")

    assert capsys.readouterr() == ("", "Nothing is there.\n")


def test_json_keeps_letters(capsys: pytest.CaptureFixture[str]) -> None:
    """Names are written as they are, not as escapes."""
    output.as_json({"person": "Zoë"})

    assert "Zoë" in capsys.readouterr().out
