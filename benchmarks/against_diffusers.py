"""Same U-Net, same weights, same steps: slower than the diffusers package on this CPU?  Goal: ratio at most 1.

    python benchmarks/against_diffusers.py [--tiny] [--steps 20] [--rounds 7] [--microbatch 1] [--threads N]

Theirs is the loop that their pipelines run (both halves of guidance in one batch, DDIMScheduler, trailing spacing),
without what a pipeline adds around it, which favours them. Ours is `generate`. The outputs are compared first. Then
both run by turns; the figure is the median over rounds of ours / theirs, so that a busy machine slows both.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import torch
from model import FULL, TINY, bundle, recipe
from torch import Tensor

from sfumato.adapters.keymaps import to_diffusers
from sfumato.pipeline import Bundle, generate
from sfumato.rng import PerSample

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from diffusers import DDIMScheduler, UNet2DConditionModel

BLOCKS = {
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "use_linear_projection": True,
}


def their_network(model: Bundle, options: dict) -> torch.nn.Module:
    """Their class, of our configuration, with our weights."""
    net = model.denoiser.net
    heads = [max(1, width // 64) for width in options["block_out_channels"]]
    theirs = UNet2DConditionModel(
        in_channels=8,
        out_channels=8,
        block_out_channels=options["block_out_channels"],
        layers_per_block=options["layers_per_block"],
        cross_attention_dim=options["token_dim"],
        attention_head_dim=heads,
        norm_num_groups=options.get("norm_groups", 32),
        **BLOCKS,
    )
    theirs.load_state_dict(to_diffusers(net, net.state_dict()))
    return theirs.eval().requires_grad_(False)


def their_loop(net: torch.nn.Module, model: Bundle, steps: int, batch: int, scale: float = 4.0) -> Callable[[], Tensor]:
    """A call that makes the same latents as ours."""
    scheduler = DDIMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        timestep_spacing="trailing",
        clip_sample=False,
        set_alpha_to_one=True,
    )
    asked = recipe(steps, microbatch=batch)

    def run() -> Tensor:
        cond, null = (model.conditioner([text] * batch).tokens for text in (asked.prompt, asked.negative))
        x = PerSample(tuple(range(batch))).initial((8, 16, 16), cond)
        scheduler.set_timesteps(steps)
        both = torch.cat([null, cond])
        for timestep in scheduler.timesteps:
            output = net(torch.cat([x, x]), timestep, encoder_hidden_states=both, return_dict=False)[0]
            without, with_prompt = output.chunk(2)
            x = scheduler.step(without + scale * (with_prompt - without), timestep, x, return_dict=False)[0]
        return x

    return run


def seconds(call: Callable[[], Tensor]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    """Compare the outputs, then the times."""
    parser = argparse.ArgumentParser(description="Against the diffusers package, on the CPU.")
    parser.add_argument(
        "--tiny", action="store_true", help="a small network: a check that this runs, not a measurement"
    )
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--microbatch", type=int, default=1)
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    if 1000 % options.steps:
        parser.error("--steps must divide 1000: elsewhere their scheduler steps over uneven gaps as if they were even")
    if options.threads:
        torch.set_num_threads(options.threads)
    model, n = bundle(tiny=options.tiny), options.microbatch
    theirs = their_loop(their_network(model, TINY if options.tiny else FULL), model, options.steps, n)
    asked = recipe(options.steps, microbatch=n)
    recipes = [type(asked)(**{**vars(asked), "seed": k}) for k in range(n)]
    with torch.no_grad():
        a, b = generate(model, *recipes), theirs()
        print(f"largest difference {float((a - b).abs().max()):.1e} of values up to {float(b.abs().max()):.1f}")
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * float(b.abs().max()))
        rounds = [(seconds(lambda: generate(model, *recipes)), seconds(theirs)) for _ in range(options.rounds)]
    ratios = [ours / other for ours, other in rounds]
    print(
        f"ours / diffusers = {statistics.median(ratios):.3f} ({min(ratios):.3f} to {max(ratios):.3f}); ours "
        f"{statistics.median(r[0] for r in rounds):.2f} s, theirs {statistics.median(r[1] for r in rounds):.2f} s, "
        f"{options.steps} steps, {torch.get_num_threads()} threads"
    )


if __name__ == "__main__":
    main()
