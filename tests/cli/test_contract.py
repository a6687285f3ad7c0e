"""The commands and options that clients and docs rely on, to the letter."""

import pytest
from click.testing import CliRunner

from kartify.cli import COMMANDS, main

CONTRACT = {
    "up": ["--demo"],
    "story": [],
    "simulate": ["--port", "--faults"],
    "db upgrade": [],
    "doctor": [],
    "store create": ["--name", "--currency"],
    "store set": [],
    "account add": ["--label", "--test"],
    "account set": [],
    "account pause": [],
    "account resume": [],
    "account test": [],
    "account link": [],
    "apikey create": ["--scope"],
    "user create": ["--role", "--password-stdin"],
    "order show": [],
    "order move": ["--reason", "--evidence", "--no-ask"],
    "web": [],
    "worker": [],
    "clock": [],
    "lookup": ["--order", "--dry-run"],
    "deliver": [],
    "tick": [],
    "plugins list": [],
    "plugins check": [],
    "plugins new": [],
    "laws": [],
    "seed": ["--orders", "--beside-real-orders"],
}
SILENT = {"up", "web", "worker", "clock"}  # they run, and print no data


def helped(path):
    result = CliRunner().invoke(main, [*path.split(), "--help"])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("path", CONTRACT)
def test_every_command_explains_itself_with_its_options(path):
    told = helped(path)
    for option in [*CONTRACT[path], *([] if path in SILENT else ["--json"])]:
        assert f"{option} " in told or f"{option}\n" in told, f"{path} has no {option}"


def test_no_command_is_forgotten_here():
    assert {path.split()[0] for path in CONTRACT} == set(COMMANDS)


@pytest.mark.parametrize("arguments", [["nonsense"], ["order", "move", "demo", "K1", "processing"], ["order", "show"],
                                       ["order", "move", "demo", "K1", "lost", "--reason", "x"]])
def test_wrong_usage_is_exit_code_2(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr
