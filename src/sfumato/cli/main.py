"""`sfumato COMMAND`: find the command, run it, and turn whatever goes wrong into one line.

A command is a module with `HELP`, `EXAMPLES`, `add_arguments(parser)` and `run(arguments) -> int`, imported only when
it is called; or, with a table `COMMANDS` in their place, a family: `sfumato corpus check` is cli/corpus_check.py.
"""

import argparse
import io
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

from sfumato import __version__
from sfumato.errors import SfumatoError

COMMANDS = {
    "generate": "make pictures from prompts",
    "train": "train a model on captioned pictures",
    "distill": "make a model draw in one to four evaluations",
    "evaluate": "measure a model against real pictures",
    "corpus": "look at captioned pictures before training on them",
    "info": "list models and devices, or print a model's card",
    "inspect": "look inside a picture, a trace or a model",
    "convert": "write a model as one complete folder",
    "studio": "open the living article in your browser",
    "trail": "print the five files that lead from prompt to picture",
}

EPILOG = """\
examples:
  sfumato generate "a red apple, 3d render"
  sfumato generate "a blue cat" --count 4 --out cats
  sfumato info
  sfumato generate --help

exit codes: 0 done, 1 a fault of Sfumato's own, 2 bad input, 130 interrupted
settings: flags, then SFUMATO_* variables, then the config file (SFUMATO_CONFIG, or ~/.config/sfumato/config.toml),
then the model
SFUMATO_DEBUG=1 shows where an error came from
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line in Sfumato's own form."""

    def error(self, message: str) -> NoReturn:
        """Print the line and exit with 2."""
        complain(f"{message}; see `{self.prog} --help`")
        raise SystemExit(2)


def complain(message: str) -> None:
    """One line on stderr, whatever the message holds."""
    line = " ".join(str(message).split())
    print(f"sfumato: error: {line}".encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; answers the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return dispatch(arguments)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    except KeyboardInterrupt:
        complain("interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SfumatoError as problem:
        complain(str(problem))
        _debug()
        return 2
    except Exception as problem:  # the last resort: a user never meets a traceback
        complain(
            f"unexpected {type(problem).__name__}: {problem}; this is a fault of Sfumato's own: "
            "set SFUMATO_DEBUG=1 and report what it prints"
        )
        _debug()
        return 1


def dispatch(arguments: Sequence[str]) -> int:
    """Find the command and run it."""
    top = Parser(prog="sfumato", description="Noise goes in, a picture for a prompt comes out.", epilog=EPILOG)
    top.add_argument("--version", action="version", version=f"sfumato {__version__}")
    return choose(top, COMMANDS, arguments)


def choose(parser: Parser, commands: Mapping[str, str], arguments: Sequence[str]) -> int:
    """Run the one of `commands` that the first argument names, or say which there are."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.usage = f"{parser.prog} COMMAND ..."
    listed = parser.add_argument_group("commands")
    for name, words in commands.items():
        listed.add_argument(f"_{name}", metavar=name, nargs="?", help=words)
    if not arguments:
        parser.print_help()
        return 2
    if arguments[0] not in commands:
        if arguments[0].startswith("-"):
            parser.parse_args(arguments[:1])
        from sfumato.choices import near

        raise SystemExit(_unknown(arguments[0], near(arguments[0], commands)))
    return run(f"{parser.prog} {arguments[0]}", arguments[1:])


def run(prog: str, arguments: Sequence[str]) -> int:
    """Import one command and run it; `prog` is its full name, "sfumato generate" or "sfumato corpus check"."""
    command = import_module("sfumato.cli." + "_".join(prog.split()[1:]))
    parser = Parser(
        prog=prog,
        description=command.HELP,
        epilog=getattr(command, "EXAMPLES", None),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    if hasattr(command, "COMMANDS"):
        return choose(parser, command.COMMANDS, arguments)
    command.add_arguments(parser)
    return int(command.run(parser.parse_intermixed_args(arguments)) or 0)


def _unknown(name: str, remedy: str) -> int:
    complain(f"unknown command {name!r}; {remedy}")
    return 2


def _debug() -> None:
    if os.environ.get("SFUMATO_DEBUG", "") not in ("", "0"):
        traceback.print_exc()


if __name__ == "__main__":
    sys.exit(main())
