"""Who may ask: this machine's own names, the studio's own page, with its token, and little at a time."""

import pytest

from sfumato.studio.app import application
from sfumato.studio.guard import BODY_LIMIT

INFO = "/api/v1/info"


@pytest.fixture
def asked(studio, client):
    """The status of one request on port 8420, as the studio's page would send it but for `changes`."""
    client = type(client)(application(studio, port=8420), address="http://127.0.0.1:8420")

    def ask(path=INFO, method="GET", body=None, **changes):
        headers = {"x-sfumato-token": studio.token, "sec-fetch-site": "same-origin"}
        headers |= {name.replace("_", "-"): value for name, value in changes.items()}
        headers = {name: value for name, value in headers.items() if value is not None}
        return client.request(method, path, headers=headers, content=body)

    return ask


def test_the_page_itself_may(asked):
    assert asked().status_code == 200
    assert asked(host="localhost:8420").status_code == 200
    assert asked(host="[::1]:8420").status_code == 200
    assert asked(origin="http://127.0.0.1:8420").status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8420", "127.0.0.1", "127.0.0.1:80", "127.0.0.1.evil.example:8420", "", "[::2]:8420"],
)
def test_another_host_name_may_not(asked, host):
    assert asked(host=host).status_code == 421
    assert asked("/", host=host).status_code == 421


@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "http://localhost:8420", "https://127.0.0.1:8420", ""]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_origin_may_not(asked, origin, method):
    assert asked(method=method, origin=origin, content_type="application/json", body=b"{}").status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
def test_another_site_may_not(asked, site):
    assert asked(sec_fetch_site=site).status_code == 403
    assert asked("/static/app.js", sec_fetch_site=site).status_code == 403


def test_a_link_from_elsewhere_opens_the_page_and_nothing_more(asked):
    assert asked("/", sec_fetch_site="cross-site", sec_fetch_mode="navigate").status_code == 200
    assert asked("/", sec_fetch_site="cross-site", sec_fetch_mode="no-cors").status_code == 403
    assert asked(sec_fetch_site="cross-site", sec_fetch_mode="navigate").status_code == 403


def test_the_api_wants_the_token(asked):
    assert asked(x_sfumato_token=None).status_code == 403
    assert asked(x_sfumato_token="wrong").status_code == 403
    assert asked("/", x_sfumato_token=None).status_code == 200


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "image/svg+xml"]
)
def test_what_a_form_can_send_is_refused(asked, kind):
    assert asked("/api/v1/schedules", "POST", b"{}", content_type=kind).status_code == 415


def test_methods_and_sizes(asked):
    assert asked(method="PUT", body=b"").status_code == 405
    assert asked(method="OPTIONS").status_code == 405
    huge = b" " * (BODY_LIMIT + 1)
    assert asked("/api/v1/photos", "POST", huge, content_type="image/png").status_code == 413


def test_answers_forbid_everything_from_elsewhere(asked):
    for path in ("/", INFO, "/static/app.js", "/nowhere"):
        headers = asked(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"]
)
def test_files_outside_the_folder_are_not_there(asked, path):
    assert asked(path).status_code == 404


def test_the_token_is_new_in_every_process_and_only_on_the_page(studio, asked):
    from sfumato.studio.studio import Studio

    assert Studio(studio.desk).token != studio.token
    assert studio.token in asked("/").text
    assert studio.token not in asked().text
