"""What stands nowhere in the package: pickles, code from data, global randomness, prints, places of one machine."""

import ast
import re

import pytest
from sources import FILES, ROOT, committed, name_of, text_of, tree

CALLS = {"eval", "exec", "compile", "__import__"}
ATTRIBUTES = {
    "torch.load", "torch.save", "yaml.load", "yaml.unsafe_load", "os.system",
    "torch.manual_seed", "torch.seed", "torch.set_default_dtype", "torch.set_default_device", "torch.set_num_threads",
    "torch.rand", "torch.randn", "torch.rand_like", "torch.randn_like", "torch.randint", "torch.randperm",
    "torch.normal", "torch.bernoulli", "torch.multinomial", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all",
    "F.dropout", "torch.nn.functional.dropout", "nn.Dropout", "torch.nn.Dropout",
    "warnings.filterwarnings", "warnings.simplefilter",
}  # fmt: skip
MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "random", "imp"}
DRAWS = {"normal_", "uniform_", "random_", "bernoulli_", "exponential_", "trunc_normal_", "cuda"}
"""Methods that draw from the global generator when none is given (torch), and the one that names a device."""

SEEDED = {"numpy.random.default_rng", "np.random.default_rng"}

ALLOWED = {
    # the command line owns the process: it may say how many threads this machine gives
    ("cli", "torch.set_num_threads"),
    # threads with pictures of their own share the run's threads, and give them back (train/hands.py)
    ("train", "torch.set_num_threads"),
    # torch's dropout knows only the global generator: train/chance.py forks and seeds it for every step
    ("nets", "nn.Dropout"),
}
"""(area, what): exceptions, each with its reason in the line above it."""


def dotted(node: ast.expr) -> str:
    """The written form of a.b.c; "" where it is not a chain of names."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""


def offences(module: ast.Module) -> set[str]:
    """Everything in a file that is forbidden, as it is written there."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.partition(".")[0] in MODULES}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.add(str(node.module))
        elif isinstance(node, ast.Call):
            found |= offence(node)
    return found


def offence(call: ast.Call) -> set[str]:
    """What is wrong with one call."""
    name = dotted(call.func)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if name in CALLS or name in ATTRIBUTES:
        return {name}
    if name in ("np.load", "numpy.load") and any(k.arg == "allow_pickle" for k in call.keywords):
        return {f"{name}(allow_pickle=...)"}
    if re.match(r"(np|numpy)\.random\.", name) and (name not in SEEDED or not call.args):
        return {name}
    if method in DRAWS and not any(k.arg == "generator" for k in call.keywords):
        return {method}
    return set()


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_forbidden(path):
    area = name_of(path).partition(".")[0]
    found = {what for what in offences(tree(path)) if (area, what) not in ALLOWED}
    assert not found, f"{name_of(path)} has {sorted(found)}"


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from random import choice", "torch.load(f)", "eval(x)", "np.random.rand(3)", "yaml.load(f)",
     "np.random.default_rng()", "torch.randn(3)", "w.normal_()", "nn.Dropout(0.1)", "model.cuda()",
     "np.load(f, allow_pickle=True)"],
)  # fmt: skip
def test_the_reader_sees(source):
    assert offences(ast.parse(source))


def test_the_reader_lets_pass():
    fine = (
        "np.random.default_rng(3)",
        "w.normal_(generator=g)",
        "safetensors.torch.load(data)",
        "re.compile('a')",
        "np.load(f)",
    )
    assert not offences(ast.parse("\n".join(fine)))


@pytest.mark.parametrize("path", [p for p in FILES if name_of(p).partition(".")[0] != "cli"], ids=name_of)
def test_no_print_below_the_command_line(path):
    calls = [node for node in ast.walk(tree(path)) if isinstance(node, ast.Call)]
    prints = [call.lineno for call in calls if dotted(call.func) in ("print", "sys.stdout.write")]
    assert not prints, f"prints in lines {prints}"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_lazy_annotations(path):
    """`from __future__ import annotations` would switch off the checks of fields (architecture, house rules)."""
    assert not [n for n in ast.walk(tree(path)) if isinstance(n, ast.ImportFrom) and n.module == "__future__"]


REGISTRIES = tuple(
    f"{name}.{end}"
    for name, end in zip(
        ("pypi", "pythonhosted", "npmjs", "jsdelivr", "unpkg", "download.pytorch"),
        ("org", "org", "", "net", "com", "org"),
        strict=True,
    )
)
"""Hosts of package registries, put together here so that this file does not name one."""

MACHINE = re.compile(r"(?<![\w.>~}-])/(?:work|home|Users|root|tmp|opt)/[A-Za-z]")
"""An absolute path into one machine's folders."""


def test_committed_files_name_no_registry_and_no_machine():
    for path in committed():
        text = text_of(path)
        if text is None or path.name == "LICENSE":
            continue
        hosts = [host for host in REGISTRIES if host in text]
        places = MACHINE.findall(text)
        assert not hosts, f"{path.relative_to(ROOT)} names {hosts}"
        assert not places, f"{path.relative_to(ROOT)} names a place of one machine: {places}"
