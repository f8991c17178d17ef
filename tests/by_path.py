"""Scripts of the repository, which lie in no package, as modules."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def loaded(path):
    """The module of a file, by its path from the repository's root: "scripts/published.py"."""
    file = ROOT / path
    spec = importlib.util.spec_from_file_location(f"by_path_{file.stem}", file)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
