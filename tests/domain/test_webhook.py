"""Signatures, retries, and the addresses that a webhook must not reach."""

import base64
import hashlib
import hmac

import pytest

from registry.domain.access.pepper import Peppers
from registry.domain.errors import Invalid
from registry.domain.subscriptions.webhook import (
    RETRY_AFTER_S,
    allowed_address,
    check_url,
    decrypt_secret,
    encrypt_secret,
    new_secret,
    parse_networks,
    retry_after_s,
    signature,
)


def test_the_signature_is_that_of_the_specification() -> None:
    """The worked example of Standard Webhooks, worked again by hand."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    signed = b"msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + body
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert expected == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == expected


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
        "224.0.0.1", "255.255.255.255", "::1", "fe80::1%eth0", "fc00::1", "::ffff:169.254.169.254",
        "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "::",
    ],
)  # fmt: skip
def test_no_private_address_is_reached_in_whatever_form(address) -> None:
    assert allowed_address([address], ()) is None
    assert allowed_address(["8.8.8.8", address], ()) is None


def test_a_public_address_is_reached_and_a_private_one_where_it_is_allowed() -> None:
    assert str(allowed_address(["8.8.8.8"], ())) == "8.8.8.8"
    assert str(allowed_address(["2606:4700::1111"], ())) == "2606:4700::1111"
    assert allowed_address([], ()) is None
    assert str(allowed_address(["10.1.2.3"], parse_networks("10.1.0.0/16"))) == "10.1.2.3"
    assert allowed_address(["10.2.2.3"], parse_networks("10.1.0.0/16, fd00::/8")) is None
    with pytest.raises(ValueError, match="10"):
        parse_networks("10.1.0.0/33")


@pytest.mark.parametrize(
    "url",
    ["http://hooks.example/x", "https://hooks.example:8443/", "https://user@hooks.example/", "https:///x"],
)
def test_an_address_is_https_on_its_own_port(url) -> None:
    with pytest.raises(Invalid):
        check_url(url, ())


def test_an_address_on_an_allowed_network_may_be_plain() -> None:
    check_url("https://hooks.example/path?x=1", ())
    check_url("http://10.1.2.3:8080/", parse_networks("10.1.0.0/16"))


def test_retries_wait_longer_each_time_and_end() -> None:
    pauses = [retry_after_s(attempts, 0.0) for attempts in range(1, 12)]
    assert pauses[: len(RETRY_AFTER_S)] == sorted(RETRY_AFTER_S)
    assert pauses[len(RETRY_AFTER_S) :] == [None, None]
    assert retry_after_s(1, 1.0) == pytest.approx(5.5)


def test_a_secret_is_read_with_the_pepper_it_was_stored_with() -> None:
    secret = new_secret()
    stored = encrypt_secret(secret, b"old")
    assert secret.encode() not in stored
    assert decrypt_secret(stored, Peppers(b"new", (b"old",))) == secret
    assert decrypt_secret(stored, Peppers(b"new")) is None
