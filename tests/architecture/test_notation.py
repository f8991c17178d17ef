"""NOTATION.md is law: the names that other libraries use for the same things stand nowhere in the package."""

import ast

import pytest
from sources import FILES, ROOT, name_of, tree

NEVER = {
    "alphas_cumprod": "alpha_bar",
    "alpha_cumprod": "alpha_bar",
    "alpha_prod_t": "alpha_bar",
    "alphas_bar": "alpha_bar",
    "abar": "alpha_bar",
    "log_snr": "lam (half the log-SNR)",
    "logsnr": "lam (half the log-SNR)",
    "lambda_t": "lam",
    "noise_pred": "eps_hat",
    "eps_pred": "eps_hat",
    "epsilon": "eps",
    "pred_original_sample": "x0_hat",
    "pred_x0": "x0_hat",
    "x0_pred": "x0_hat",
    "x_start": "x_0",
    "x0": "x_0",
    "v_pred": "v_hat",
    "velocity_pred": "v_hat",
    "timestep": "i, or t in [0, 1]",
    "timesteps": "levels",
    "guidance_scale": "scale, w in a formula",
    "cfg": "guidance",
    "cfg_scale": "scale",
    "prev_sample": "x_next",
    "sigmas": "levels",
}
"""Name -> what it is called here."""

FOREIGN = {"adapters"}
"""Areas that speak another library's language, because translating it is their work."""


def names(module: ast.Module) -> set[str]:
    """Every identifier that a file defines or uses: variables, attributes, arguments, functions, classes, keywords."""
    found: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                found.add(name)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case _:
                pass
    return found


@pytest.mark.parametrize("path", [p for p in FILES if name_of(p).partition(".")[0] not in FOREIGN], ids=name_of)
def test_names(path):
    found = {f"{name} (here: {NEVER[name]})" for name in names(tree(path)) & NEVER.keys()}
    assert not found, f"{name_of(path)} uses {sorted(found)}"


def test_the_reader_sees_every_kind_of_name():
    source = "def timestep(x0, *, cfg=1):\n    return f(log_snr=x.noise_pred)\n"
    assert names(ast.parse(source)) & NEVER.keys() == {"timestep", "x0", "cfg", "log_snr", "noise_pred"}


def test_the_document_states_every_refused_name():
    text = (ROOT / "NOTATION.md").read_text(encoding="utf-8")
    missing = [name for name in NEVER if f"`{name}`" not in text]
    assert not missing, f"NOTATION.md does not mention {missing}"
