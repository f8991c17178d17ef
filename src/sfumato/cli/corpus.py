"""`sfumato corpus ...`: what can be done with a folder or file of captioned pictures; each is a command of its own."""

HELP = "Captioned pictures to train on: what is there, what is wrong with it, what would be used."

EXAMPLES = """\
examples:
  sfumato corpus check my-pictures
  sfumato corpus pack my-pictures --out my-pack
  sfumato corpus colours my-pictures --out my-colours.parquet
  sfumato corpus build glyphs --packages tarballs --out glyphs.parquet
  sfumato corpus check --help
"""

COMMANDS: dict[str, str] = {
    "check": "say what is there, what is wrong, what would be used and how long training takes",
    "pack": "write a corpus as hashed, deduplicated shards, or verify them",
    "colours": "name pictures by their colour and show them in others: what teaches a model colours",
    "build": "draw Glyphs v1 anew from the packages it came from",
}
"""NAME: what it does; `sfumato corpus NAME` is the module cli/corpus_NAME.py."""
