"""The browser's mathematics is Python's: the modules that the page runs, asked in a real browser, number for number."""

import numpy as np
import pytest
from reading import Reader

from sfumato import rng
from sfumato.guidance import ClassifierFree
from sfumato.inspect.numbers import rms
from sfumato.process.forward import jump, posterior
from sfumato.process.oracle_mixture import Mixture
from sfumato.process.prediction import Prediction
from sfumato.process.rectified import Rectified
from sfumato.process.schedules import schedule_from
from sfumato.studio import photo
from sfumato.studio.attention import Looked
from sfumato.studio.custom import schedule_through
from sfumato.studio.losses import FACES
from sfumato.studio.straight import Landing, curved, straight

POINTS_OF_PLANE = [[0.1, -0.2], [2.5, 1.25], [-1.0, 0.0]]
POINTS = (33.0, 6.5, -20.0, -21.0)
SCHEDULES = {
    "linear": schedule_from({"kind": "linear"}),
    "scaled-linear": schedule_from({"kind": "scaled-linear"}),
    "cosine": schedule_from({"kind": "cosine"}),
    "custom": schedule_through(POINTS),
}


@pytest.fixture(scope="module")
def compute(chromium, shared):
    """Run JavaScript in the page, with everything that the named module exports as `m`."""
    reader = Reader(chromium, shared)
    page = reader.page

    def run(module, expression, argument=None):
        body = f"async (a) => {{ const m = await import('/static/{module}'); return {expression}; }}"
        return page.evaluate(body, argument)

    yield run
    reader.context.close()


@pytest.mark.parametrize(
    ("seed", "where"),
    [
        (0, {"stream": 0}),
        (7, {"stream": 1, "step": 1000}),
        (2**32 + 5, {"stream": 6, "draw": 3}),
        (2**53 - 1, {"stream": 0}),
    ],
)
def test_noise_is_the_same_bit_for_bit_or_the_last_bit(compute, seed, where):
    n = 10_001
    words = compute("maths/philox.js", "[...m.words(a.seed, a.n, a.where)]", {"seed": seed, "n": n, "where": where})
    np.testing.assert_array_equal(words, rng.words(seed, n, **where))
    normal = compute("maths/philox.js", "[...m.normal(a.seed, a.n, a.where)]", {"seed": seed, "n": n, "where": where})
    ours, theirs = rng.normal(seed, (n,), **where), np.array(normal, np.float32)
    apart = np.abs(ours.view(np.int32).astype(np.int64) - theirs.view(np.int32))
    assert apart.max() <= 1


@pytest.mark.parametrize("kind", SCHEDULES)
def test_schedules(compute, kind):
    ours = SCHEDULES[kind]
    found = compute(
        "maths/schedule.js",
        """(() => { const s = m.schedule(a); const i = Array.from({length: 1000}, (_, k) => k + 1);
        return {beta: i.map(k => s.beta[k]), alpha: i.map(k => s.at(k).alpha), sigma: i.map(k => s.at(k).sigma),
        between: i.map(k => s.at(k - 0.3).alpha), back: i.map(k => s.stepOf(s.db(k))), steepest: s.steepest,
        even: s.even, below: s.below(-20)}; })()""",
        {"kind": kind, "points": list(POINTS)},
    )
    i = np.arange(1, 1001)
    level = ours.at(i)
    np.testing.assert_allclose(found["beta"], ours.beta_table(), rtol=1e-11)
    np.testing.assert_allclose(found["alpha"], level.alpha, rtol=1e-11)
    np.testing.assert_allclose(found["sigma"], level.sigma, rtol=1e-11)
    np.testing.assert_allclose(found["between"], ours((i - 0.3) / 1000).alpha, rtol=1e-11)
    np.testing.assert_allclose(found["back"], i, atol=1e-6)
    assert found["steepest"] == 1 + np.argmax(-np.diff(np.append(1.0, level.alpha**2)))
    assert found["even"] == 1 + np.count_nonzero(level.alpha >= level.sigma)
    assert found["below"] == pytest.approx(np.mean(20 * np.log10(level.alpha / level.sigma) < -20))


def test_a_jump_of_the_photo(compute):
    x_0, eps, level = photo.x_0(), rng.normal(9, (3, 128, 128), stream=rng.INITIAL), SCHEDULES["linear"].at(321)
    found = compute(
        "maths/forward.js",
        """await (async () => { const {normal} = await import('/static/maths/philox.js');
        const {schedule} = await import('/static/maths/schedule.js');
        const {shippedPhoto} = await import('/static/wire/api.js');
        const x0 = m.signed((await shippedPhoto('harbour')).arrays.x), eps = normal(9, x0.length, {stream: 0});
        const x = m.jump(x0, eps, schedule({kind: 'linear'}).at(321));
        return {x0: [...x0], x: [...x], std: m.moments(x).std, r: m.correlation(x, x0)}; })()""",
    )
    x_t = jump(x_0, eps, level)
    np.testing.assert_array_equal(np.array(found["x0"], np.float32), x_0.ravel())
    np.testing.assert_allclose(found["x"], x_t.ravel(), atol=1e-6)
    assert found["std"] == pytest.approx(x_t.astype(np.float64).std(), rel=1e-6)
    assert found["r"] == pytest.approx(np.corrcoef(x_t.ravel(), x_0.ravel())[0, 1], rel=1e-6)


@pytest.mark.parametrize(("s", "t"), [(499, 500), (1, 2), (0, 1), (200, 900)])
def test_a_step_back(compute, s, t):
    schedule = SCHEDULES["linear"]
    there, here = schedule.at(s), schedule.at(t)
    levels = [{"alpha": level.alpha, "sigma": level.sigma} for level in (there, here)]
    found = compute("maths/step.js", "m.back(a[0], a[1], 1)", levels)
    exact = posterior(there, here)
    assert found["guess"] == pytest.approx(exact.c_0, rel=1e-9)
    assert found["state"] == pytest.approx(exact.c_t, rel=1e-9, abs=1e-12)
    assert found["churn"] == pytest.approx(exact.variance**0.5, rel=1e-9)
    assert found["upper"] == pytest.approx(exact.upper**0.5, rel=1e-9)
    still = compute("maths/step.js", "m.back(a[0], a[1], 0)", levels)
    assert still["churn"] == 0
    assert still["state"] == pytest.approx(there.sigma / here.sigma)


def test_the_mixtures_posterior(compute):
    level = Rectified().at(620)
    found = compute(
        "maths/mixture.js",
        "(() => { const all = a.points.map(x => m.posterior(m.HEAPS, x, a)); return {heaps: m.HEAPS, all,"
        "drawn: a.z.map(z => m.drawn(all[0], z))}; })()",
        {
            "points": POINTS_OF_PLANE,
            "alpha": level.alpha,
            "sigma": level.sigma,
            "z": rng.normal(5, (4000, 3), stream=rng.DATA).tolist(),
        },
    )
    heaps = Mixture(**{name: np.array(values) for name, values in found["heaps"].items()})
    x = np.array(POINTS_OF_PLANE)
    np.testing.assert_allclose([one["guess"] for one in found["all"]], heaps(x, level).x0_hat, rtol=1e-11)
    np.testing.assert_allclose(np.mean(found["drawn"], axis=0), heaps(x, level).x0_hat[0], atol=0.05)
    left = found["all"][0]
    second = np.array(left["weights"]) @ (np.square(left["stds"]) + np.square(left["means"]))
    np.testing.assert_allclose(np.mean(np.square(found["drawn"]), axis=0), second, atol=0.05)


@pytest.mark.parametrize(("w", "rescale"), [(-2, 0), (1, 0), (7.5, 0), (7.5, 0.6)])
def test_guidance(compute, w, rescale):
    x_t, cond, null = (rng.normal(3, (1, 4, 8, 8), stream=rng.DATA, draw=k) for k in range(3))
    level = SCHEDULES["cosine"].at(700)
    one, other = (Prediction.from_x0(x_t, level, x) for x in (cond, null))
    ours = ClassifierFree(scale=float(w), rescale=float(rescale)).combine(one, other)
    flat = [x.ravel().tolist() for x in (x_t, cond, null)]
    found = compute(
        "maths/guidance.js",
        """(() => { const [x, c, n] = a.flat.map(v => Float32Array.from(v)), g = m.guided(c, n, a.w, a.rescale);
        const places = m.plane(n, c, [g]), apart = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]);
        return {x0: [...g], eps: [...m.noiseOf(x, g, a.at)], size: m.rms(g), places,
          sides: [apart(places[0], places[1]), apart(places[1], places[2])]}; })()""",
        {"flat": flat, "w": w, "rescale": rescale, "at": {"alpha": level.alpha, "sigma": level.sigma}},
    )
    np.testing.assert_allclose(found["x0"], ours.x0_hat.ravel(), atol=2e-5)
    np.testing.assert_allclose(found["eps"], ours.eps_hat.ravel(), atol=2e-5)
    assert found["size"] == pytest.approx(rms(ours.x0_hat), rel=1e-5)
    assert found["sides"] == pytest.approx([rms(cond - null), rms(ours.x0_hat - cond)], rel=1e-4, abs=1e-6)
    assert [np.hypot(*p) for p in found["places"]] == pytest.approx([rms(null), rms(cond), rms(ours.x0_hat)], rel=1e-4)


def test_maps_of_attention(compute):
    layers = {
        "fine": rng.normal(3, (2, 5, 4, 4), stream=rng.DATA) ** 2,
        "coarse": rng.normal(4, (3, 5, 2, 2), stream=rng.DATA),
    }
    changes = np.round(np.abs(rng.normal(5, (5, 8, 8), stream=rng.DATA)), 1)
    belief = Prediction.from_x0(changes, SCHEDULES["linear"].at(5), changes)
    ours = Looked(tokens=tuple("abcde"), belief=belief, layers=layers, changes=changes)
    told = [{"shape": list(x.shape), "weights": x.ravel().tolist()} for x in layers.values()]
    for layer, head in ((-1, -1), (0, 1), (1, -1)):
        found = compute(
            "maths/attention.js",
            """(() => { const layers = a.told.map(one => ({...one, weights: Float32Array.from(one.weights)}));
            const map = m.mapOf(layers, 2, a.layer, a.head), change = m.coarser(Float32Array.from(a.change), [8, 8], 4);
            return {map: [...map], change: [...change], rank: m.spearman(map, change)}; })()""",
            {"told": told, "layer": layer, "head": head, "change": changes[2].ravel().tolist()},
        )
        of = (None if layer < 0 else list(layers)[layer], None if head < 0 else head)
        np.testing.assert_allclose(found["map"], ours.map(2, *of).ravel(), atol=1e-6)
        np.testing.assert_allclose(found["change"], ours.change(2).ravel(), atol=1e-6)
        assert found["rank"] == pytest.approx(ours.numbers(2, *of)["rank"], abs=1e-9)


def test_one_loss_and_its_faces(compute):
    level = SCHEDULES["cosine"].at(700)
    found = compute(
        "maths/losses.js",
        "Object.fromEntries(Object.entries(m.WEIGHTS).map(([face, weight]) => [face, weight(a)]))",
        {"alpha": level.alpha, "sigma": level.sigma},
    )
    assert found == pytest.approx({face: weight(level) for face, weight in FACES.items()}, rel=1e-12)
    assert compute("maths/losses.js", "m.mean(a)", [1, 2, 6]) == 3


def test_two_paths(compute):
    x_0, eps = (rng.normal(k, (192,), stream=rng.DATA).astype(np.float64) for k in (5, 6))
    ours = Landing(
        t=0.6, x_0=x_0, eps=eps, x0_hat=0.3 * x_0, belief=Prediction(x_0, SCHEDULES["linear"].at(1), x_0, x_0)
    )
    found = compute(
        "maths/paths.js",
        """(() => { const [x, e] = a.map(v => Float32Array.from(v)), g = m.gram(x, e), flown = m.ahead(m.curved(0.6));
        const at = [[0, 0], [1, 0], [0, 1]].map(p => m.placed(g, p));
        const far = (p, q) => Math.hypot(p[0] - q[0], p[1] - q[1]), turned = m.turned(g, 0.6), miss = m.miss(g, flown);
        const sides = [far(at[0], at[1]), far(at[0], at[2]), far(at[1], at[2])];
        return {straight: m.straight(0.6), curved: m.curved(0.6), flown, turned, miss, sides}; })()""",
        [x_0.tolist(), eps.tolist()],
    )
    for path in (straight, curved):
        here = path(0.6)
        shares = [here.alpha, here.sigma, here.d_alpha, here.d_sigma]
        assert [found[path.__name__][name] for name in ("alpha", "sigma", "dAlpha", "dSigma")] == pytest.approx(shares)
    assert found["flown"] == pytest.approx(curved(0.6).ahead)
    assert found["turned"] == pytest.approx(ours.numbers()["turned"], rel=1e-6)
    assert found["miss"] == pytest.approx(ours.numbers()["miss_curved"], rel=1e-6)
    assert found["sides"] == pytest.approx([rms(x_0), rms(eps), rms(x_0 - eps)], rel=1e-6)


def test_numbers_without_a_size_are_written_too(compute):
    """A network that has not learnt may answer what has no size; a figure says so and goes on."""
    said = compute("parts/numbers.js", "[Infinity, -Infinity, NaN, 12345678, 0].map((v) => m.significant(v))")
    assert said == ["∞", "\u2212∞", "\u2013", "1.23 \u00d7 10\u2077", "0.00"]
    assert compute("parts/numbers.js", "m.power(1 / 0)") == "∞"
