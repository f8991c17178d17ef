"""Who makes which jump: a student alone is the student, the teacher's many steps come near the teacher's way."""

import numpy as np
import pytest
from tests.test_fast import write_student

import sfumato
from by_path import loaded
from sfumato.corpus.decode import over_white_picture
from sfumato.errors import RecipeError
from sfumato.evaluate.features import SIZE
from sfumato.process.grid import uniform
from sfumato.process.oracle_gaussian import Gaussian
from sfumato.process.prediction import Prediction
from sfumato.process.rectified import Rectified
from tiny import write_tiny

PROMPTS = {3: "a red apple", 8: "a green pear"}


@pytest.fixture(scope="module")
def script():
    return loaded("recipes/fast/jumps.py")


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    teacher = write_tiny(tmp_path_factory.mktemp("jumps") / "tiny")
    student = write_student(teacher.parent / "tiny-fast", teacher)
    return {False: sfumato.load(teacher), True: sfumato.load(student)}


def test_the_student_s_jumps_are_its_own_pictures(script, models):
    student = models[True]
    for who, scale in (("SS", 2.0), ("SSSS@5", 5.0)):
        made = script.drawn(models, PROMPTS, script.Jumps.of(who), 2.0, 4)
        for picture, (seed, prompt) in zip(made, PROMPTS.items(), strict=True):
            steps = len(who.partition("@")[0])
            (own,) = student.generate(prompt, seed=seed, steps=steps, guidance=scale, microbatch=2)
            np.testing.assert_array_equal(picture, over_white_picture(own.image, SIZE))


def test_another_in_its_place_is_another_picture(script, models):
    made = [script.drawn(models, PROMPTS, script.Jumps.of(who), 3.0, 2)[0] for who in ("SS", "TS", "ST", "S1")]
    levels = script.drawn(models, PROMPTS, script.Jumps.of("1,.3:SS"), 3.0, 2)[0]
    pictures = [*made, levels]
    assert len({picture.tobytes() for picture in pictures}) == len(pictures)


def test_many_steps_come_to_the_end_of_the_trajectory(script):
    """On Gaussian data, whose consistency function is known: the error falls with the teacher's steps."""
    oracle, schedule = Gaussian(np.array([0.4]), np.array([0.7])), Rectified()
    level = schedule(0.75)
    x = np.linspace(-2.0, 2.0, 5).reshape(5, 1)
    spread = np.hypot(level.alpha * 0.7, level.sigma)
    exact = 0.4 + 0.7 * (x - level.alpha * 0.4) / spread
    ends = [script.by_ddim(oracle, schedule, inner)(x, level).x0_hat for inner in (1, 8, 64)]
    errors = [np.abs(end - exact).max() for end in ends]
    assert errors[0] > 4 * errors[1] > 16 * errors[2]
    assert errors[2] < 0.04


def test_letters_take_turns(script):
    jumpers = {
        letter: lambda x, level, k=k: Prediction.from_x0(x, level, k + 0.0 * x) for k, letter in enumerate("ST1")
    }
    denoise = script.by_turns("T1S", jumpers)
    levels = uniform(Rectified(), 3)
    assert [denoise(np.ones((1, 1)), level).x0_hat.item() for level in levels[:3]] == [1.0, 2.0, 0.0]


@pytest.mark.parametrize("text", ["", "SX", "1,.5:S", ".9,.5:SS", "1,.5,.6:SSS", "1,-.5:SS"])
def test_what_says_nothing_is_refused(script, text):
    with pytest.raises(RecipeError, match="expected letters of S, T and 1"):
        script.Jumps.of(text)
