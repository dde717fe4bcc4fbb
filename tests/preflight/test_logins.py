"""Logins are found by their place, and nothing of what they hold is shown."""

import pytest

from sarslide.config import load
from sarslide.preflight import checks, logins
from sarslide.preflight.finding import ERROR, GOOD, NOTE, WARNING, as_text

SECRET, USER = "w0rd-that-nobody-sees", "somebody"


@pytest.fixture
def netrc(tmp_path, monkeypatch):
    path = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(path))

    def write(text, mode=0o600):
        path.write_text(text)
        path.chmod(mode)
        return path

    return write


def entry(host):
    return f"machine {host} login {USER} password {SECRET}\n"


def test_none(netrc):
    (found,) = logins.of_machine()
    assert found.level == NOTE and "machine urs.earthdata.nasa.gov" in found.cure


def test_one_of_two(netrc):
    path = netrc(entry("urs.earthdata.nasa.gov") + entry("bank.example"))
    (found,) = logins.of_machine()
    assert (found.level, found.found) == (
        GOOD,
        f"{path}: urs.earthdata.nasa.gov; none for dataspace.copernicus.eu",
    )
    assert not any(word in as_text([found]) for word in (SECRET, USER, "bank"))


def test_others_only(netrc):
    netrc(entry("bank.example"))
    (found,) = logins.of_machine()
    assert found.level == NOTE and found.cure and "bank" not in as_text([found])


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_others_may_read_it(mode, netrc):
    path = netrc(entry("urs.earthdata.nasa.gov"), mode)
    found = logins.of_machine()[1]
    assert (found.level, found.code, found.cure) == (WARNING, "E2003", f"chmod 600 {path}")
    assert f"{mode:o}" in found.found


def test_what_is_no_netrc(netrc):
    netrc(f"machine urs.earthdata.nasa.gov logn {USER} {SECRET}\n")
    (found,) = logins.of_machine()
    assert (found.level, found.code) == (WARNING, "E2003") and SECRET not in as_text([found])


def test_the_token_file_of_a_region(tmp_path, netrc):
    (tmp_path / "token").write_text(SECRET)
    (tmp_path / "token").chmod(0o644)
    config = load({"region": "zhongxinrong", "retrieve": {"earthdata": f"file:{tmp_path}/token"}})
    account, open_file = checks.accounts(config)
    assert (account.level, open_file.level, open_file.code) == (GOOD, WARNING, "E2003")
    assert SECRET not in as_text([account, open_file])
    (tmp_path / "token").chmod(0o600)
    assert len(checks.accounts(config)) == 1


def test_a_login_that_a_region_needs(netrc):
    (found,) = checks.accounts(load({"region": "zhongxinrong"}))
    assert (found.level, found.code) == (ERROR, "E2003")
    assert checks.accounts(load({"region": "valley"})) == []


def test_a_netrc_that_others_may_read_is_warned_of_before_a_run(netrc):
    path = netrc(entry("urs.earthdata.nasa.gov"), 0o644)
    account, open_file = checks.accounts(load({"region": "zhongxinrong"}))
    assert (account.level, open_file.level, open_file.cure) == (GOOD, WARNING, f"chmod 600 {path}")
    assert not any(word in as_text([account, open_file]) for word in (SECRET, USER))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        (f"{SECRET}\n{SECRET}\n", "holds more than one word or line"),
        (f"{SECRET}\0", "characters that no token"),
    ],
)
def test_what_is_wrong_with_a_token(content, words, tmp_path):
    (tmp_path / "token").write_text(content)
    (tmp_path / "token").chmod(0o600)
    (found,) = checks.accounts(load({"region": "zhongxinrong", "retrieve": {"earthdata": f"file:{tmp_path}/token"}}))
    assert (
        found.level == ERROR
        and words in found.found
        and "not set" not in found.found
        and SECRET not in as_text([found])
    )
