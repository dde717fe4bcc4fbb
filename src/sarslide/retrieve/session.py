"""HTTP sessions that show a secret to its own address and to no other, whatever the redirects.

Earthdata Login (ASF's burst extractor and data pool): a request for data is redirected to the
login's address, which takes name and password and sends the caller back with a cookie of the
archive. The burst extractor takes no token, but the cookie that another address of ASF gives for
one (burst extractor documentation, "Authorization"; burst2safe does the same). Copernicus Data
Space: name and password buy a token for ten minutes (OpenID Connect, client `cdse-public`); it
goes with each request for data.
"""

import logging
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth

from sarslide.errors import CredentialsError, DownloadError, without_secrets
from sarslide.io import bounded
from sarslide.retrieve.credentials import Login, login
from sarslide.retrieve.http import bound
from sarslide.retrieve.retry import TIMEOUT_S, TransientError

log = logging.getLogger(__name__)

CLIENT = "cdse-public"


def origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port of an address: who gets to see a secret.

    Parameters
    ----------
    address : str
        The address.

    Returns
    -------
    tuple
        Scheme, host and port; empty for what is no address, which no secret goes to.
    """
    try:
        parts = urlsplit(address)
        return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


class Session(requests.Session):
    """A session whose secrets are bound to addresses.

    Proxies and certificates of the environment count, its netrc does not.

    Attributes
    ----------
    login_pages : tuple
        Origins of which a page, instead of data, is a refused login.
    reference : str
        Reference of the login.
    account : str
        Where its user can look after it.
    """

    login_pages: tuple[tuple[str, str, int], ...] = ()  # a page of these, instead of data, is a refused login
    reference = ""
    account = ""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: dict[tuple[str, str, int], requests.auth.AuthBase] = {}
        self.auth = self._sign
        self.timeout_s = TIMEOUT_S

    def trust(self, address: str, auth: requests.auth.AuthBase) -> None:
        """From now on a secret goes with requests to an address.

        Parameters
        ----------
        address : str
            The address.
        auth : requests.auth.AuthBase
            The secret.
        """
        self._secrets[origin(address)] = auth

    def distrust(self, address: str) -> None:
        """No secret goes with requests to an address any more.

        Parameters
        ----------
        address : str
            The address.
        """
        self._secrets.pop(origin(address), None)

    def renew(self) -> bool:
        """Whether a secret that a server no longer takes could be bought anew."""
        return False

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        auth = self._secrets.get(origin(request.url or ""))
        return auth(request) if auth else request

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        """After a redirect: what the new address may see.

        Parameters
        ----------
        prepared_request : requests.PreparedRequest
            The redirected request.
        response : requests.Response
            The redirection.
        """
        prepared_request.headers.pop("Authorization", None)
        self._sign(prepared_request)


class Bearer(requests.auth.AuthBase):
    """A token in the header of a request.

    Parameters
    ----------
    token : str
        The secret.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def earthdata(reference: str, login_address: str, cookie_address: str) -> Session:
    """A session for ASF.

    Parameters
    ----------
    reference : str
        Reference of the Earthdata Login.
    login_address : str
        Of Earthdata Login.
    cookie_address : str
        Where a token is exchanged for ASF's cookie.

    Returns
    -------
    Session
        The open session.

    Raises
    ------
    CredentialsError
        For credentials that are not there or not accepted.
    TransientError
        When the address does not answer.
    """
    host = urlsplit(login_address).hostname or ""
    found = login(reference, host)
    session = Session()
    session.reference, session.account = reference, f"{host}/profile"
    session.login_pages = (origin(login_address),)
    if found.token:
        session.trust(login_address, Bearer(found.token))
        session.trust(cookie_address, Bearer(found.token))
        answer = _answer_of(lambda: session.get(cookie_address, stream=True, timeout=session.timeout_s))
        answer.close()
        session.distrust(cookie_address)  # the cookie is enough from here on
        if answer.status_code != 200 or origin(answer.url) in session.login_pages:
            raise CredentialsError(
                f"{reference}: Earthdata Login does not accept the token",
                f"make a new one at {host}/profile; tokens end after 60 days",
            )
    else:
        session.trust(login_address, HTTPBasicAuth(found.user, found.password))
    return session


class Copernicus(Session):
    """A session for the Copernicus Data Space, whose tokens last ten minutes.

    Parameters
    ----------
    reference : str
        Reference of the login.
    token_address : str
        Where name and password buy a token.
    data_address : str
        Where it goes with each request.

    Raises
    ------
    CredentialsError
        For credentials that are not there or not accepted.
    TransientError
        When the address does not answer.
    """

    def __init__(self, reference: str, token_address: str, data_address: str) -> None:
        super().__init__()
        self._found = login(reference, "dataspace.copernicus.eu")
        self.reference, self.account = reference, "dataspace.copernicus.eu"
        self.login_pages = (origin(token_address),)
        self._token_address, self._data_address = token_address, data_address
        self._open(self._found)

    def renew(self) -> bool:
        """A new token, where the reference is a login; a token by reference is what it is."""
        if self._found.token:
            return False
        self._open(self._found)
        return True

    def _open(self, found: Login) -> None:
        token = found.token or self._buy(found)
        self.trust(self._data_address, Bearer(token))

    def _buy(self, found: Login) -> str:
        form = {"client_id": CLIENT, "grant_type": "password", "username": found.user, "password": found.password}
        with requests.Session() as shop:
            bound(shop)
            answer = _answer_of(
                lambda: shop.post(self._token_address, data=form, timeout=self.timeout_s, auth=lambda r: r)
            )
        token = _token_of(answer) if answer.status_code == 200 else ""
        if not token:
            raise CredentialsError(
                f"{self.reference}: the Copernicus Data Space does not accept it ({answer.status_code})",
                "correct ~/.netrc (machine dataspace.copernicus.eu), or the token",
            )
        return token


def _token_of(answer: requests.Response) -> str:
    """The token that an answer holds; empty where it holds none."""
    shown = without_secrets(answer.url)
    content = bounded.parsed_json(answer.content, shown, DownloadError, "run again later")
    token = content.get("access_token") if isinstance(content, dict) else None
    return token if isinstance(token, str) and re.fullmatch(r"[\x21-\x7e]+", token) else ""


def _answer_of(request: Callable[[], requests.Response]) -> requests.Response:
    """The answer; TransientError, without what the request held, when there is none."""
    try:
        answer = request()
    except requests.RequestException as error:
        raise TransientError(f"the login does not answer ({type(error).__name__})") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise TransientError(f"the login answers {answer.status_code}")
    return answer
