"""Two machines, as two network namespaces with a cable between them, where this machine lets us make some."""

import contextlib
import shutil
import subprocess

import pytest
from tests.train.launched import arguments, ended, torchrun
from tests.train.tiny_runs import fingerprint, sfumato

CHANGES = ("optimiser.micro=4", "rate.images=80", "watch.metrics=8", "watch.checkpoint=40", "watch.sheet=0")
HOSTS = ("sfumato-test-1", "sfumato-test-2")


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False)


@pytest.fixture
def hosts():
    """Two namespaces, 10.77.0.1 and 10.77.0.2."""
    if shutil.which("ip") is None or ip("netns", "add", HOSTS[0]).returncode:
        pytest.skip("network namespaces cannot be made here")
    with contextlib.ExitStack() as after:
        after.callback(ip, "netns", "del", HOSTS[0])
        after.callback(ip, "netns", "del", HOSTS[1])
        done = [ip("netns", "add", HOSTS[1]), ip("link", "add", "sfv1", "type", "veth", "peer", "name", "sfv2")]
        for k, host in enumerate(HOSTS, start=1):
            done.append(ip("link", "set", f"sfv{k}", "netns", host))
            done.append(ip("-n", host, "addr", "add", f"10.77.0.{k}/24", "dev", f"sfv{k}"))
            done += [ip("-n", host, "link", "set", name, "up") for name in (f"sfv{k}", "lo")]
        assert [d.stderr for d in done if d.returncode] == []
        yield HOSTS


@pytest.mark.slow
def test_two_hosts_are_one_process_bit_for_bit(hosts, tmp_path):
    cache = tmp_path / "cache"
    done = sfumato(*arguments(tmp_path / "one", *CHANGES), cache=cache)
    assert done.returncode == 0, done.stderr
    started = []
    for k, host in enumerate(hosts):
        options = ("--nnodes", "2", "--node-rank", str(k), "--master-addr", "10.77.0.1", "--master-port", "29511")
        more = {"GLOO_SOCKET_IFNAME": f"sfv{k + 1}"}
        run = arguments(tmp_path / "two", *CHANGES)
        started.append(torchrun(1, *run, cache=cache, options=options, prefix=("ip", "netns", "exec", host), **more))
    for process in started:
        code, errors = ended(process)
        assert code == 0, errors
    assert fingerprint(tmp_path / "two") == fingerprint(tmp_path / "one")
