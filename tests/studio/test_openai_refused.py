"""What OpenAI's clients are refused, and that the guard stands before them as before everybody."""

import threading

import openai
import pytest
from reading import until

PATH = "/v1/images/generations"


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"n": 0}, "n", "invalid_value"),
        ({"n": 11}, "n", "invalid_value"),
        ({"n": True}, "n", "invalid_value"),
        ({"prompt": None}, "prompt", "missing_required_parameter"),
        ({"prompt": 3}, "prompt", "missing_required_parameter"),
        ({"size": "large"}, "size", "invalid_value"),
        ({"size": "0x32"}, "size", "invalid_value"),
        ({"output_format": "gif"}, "output_format", "unsupported_value"),
        ({"output_format": "svg"}, "output_format", "unsupported_value"),
        ({"response_format": "url"}, "response_format", "unsupported_value"),
        ({"background": "transparent"}, "background", "invalid_value"),
        ({"background": "red"}, "background", "unsupported_value"),
        ({"stream": "yes"}, "stream", "invalid_value"),
        ({"stream": True, "n": 2}, "n", "invalid_value"),
        ({"partial_images": 4}, "partial_images", "invalid_value"),
        ({"partial_kind": "eps"}, "partial_kind", "unsupported_value"),
        ({"steps": 201}, "steps", "invalid_value"),
        ({"seed": -1}, "seed", "invalid_value"),
        ({"guidance_scale": "much"}, "guidance_scale", "invalid_value"),
        ({"sampler": "nothing"}, "sampler", "invalid_value"),
        ({"negative_prompt": ["x"]}, "negative_prompt", "invalid_value"),
        ({"step": 3}, "step", "unknown_parameter"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_their_shape(bare, change, param, code):
    answer = bare.post(PATH, json={"prompt": "a red apple"} | change)
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert (error["param"], error["code"]) == (param, code)
    assert error["message"]


def test_another_model_is_not_found(running):
    client = openai.OpenAI(base_url=f"{running.address}v1", api_key="anything")
    with client, pytest.raises(openai.NotFoundError, match="does not exist"):
        client.images.generate(prompt="a red apple", model="large")


def test_a_body_that_is_no_object_is_refused(bare):
    for body in (b"[]", b"{", b'{"prompt": NaN}'):
        answer = bare.post(PATH, content=body, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"host": "evil.example"}, 421),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "image/png"}, 415),
    ],
)
@pytest.mark.parametrize("path", [PATH, "/sdapi/v1/txt2img"])
def test_the_guard_stands_here_too(bare, path, headers, status):
    plain = {"content-type": "application/json"}
    assert bare.post(path, content=b'{"prompt": "a", "steps": 1}', headers=plain | headers).status_code == status
    if status != 415:
        assert bare.get("/v1/models", headers=headers).status_code == status


@pytest.mark.parametrize("stream", [False, True])
def test_one_that_is_interrupted_is_an_error_and_is_not_drawn_again(running, stream):
    line = running.studio.line

    def interrupt():
        until(lambda: line.current is not None and line.current.step is not None)
        line.current.interrupted = True

    thread = threading.Thread(target=interrupt)
    thread.start()
    client = openai.OpenAI(base_url=f"{running.address}v1", api_key="anything")
    with client, pytest.raises(openai.APIError, match="interrupted"):
        list(client.images.generate(prompt="a red apple", stream=stream, extra_body={"steps": 200}))
    thread.join()
    assert line.current is None


def test_too_many_are_told_to_come_back(bare, studio):
    from sfumato.studio.foreign.order import Order
    from sfumato.studio.foreign.waiting import LIMIT

    for _ in range(LIMIT):
        studio.line.enter(Order(()))
    answer = bare.post(PATH, json={"prompt": "a red apple", "steps": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (429, "rate_limit_exceeded")
