"""How archives are reached: addresses, references of logins, retries."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from sarslide.retrieve.download import download
from sarslide.retrieve.orbits import Sources
from sarslide.retrieve.retry import retry_or_fail


@dataclass(frozen=True)
class Access:
    """The section `retrieve` of the configuration and addresses of archives, as rules pass them.

    Attributes
    ----------
    earthdata, copernicus : str
        References of the logins: "netrc", "env:NAME" or "file:PATH".
    connections : int
        Connections to an archive at a time.
    timeout_s : float
        How long a server may be silent, s.
    tries : int
        How often a request is tried at most.
    pause_s : float
        First pause between two tries, s.
    orbit_sources : str
        Sources of orbit files in turn, with blanks between them.
    login_earthdata, cookie_asf : str
        Addresses of Earthdata Login and of the cookie of ASF.
    login_copernicus, data_copernicus : str
        Addresses of the tokens and of the data of the Copernicus Data Space.
    orbit_bucket, orbit_listing : str
        Addresses of ASF's public bucket and of its listing of orbit files.
    search_asf, search_copernicus : str
        Addresses of the searches.
    """

    earthdata: str
    copernicus: str
    connections: int
    timeout_s: float
    tries: int
    pause_s: float
    orbit_sources: str
    login_earthdata: str
    cookie_asf: str
    login_copernicus: str
    data_copernicus: str
    orbit_bucket: str
    orbit_listing: str
    search_asf: str
    search_copernicus: str

    @classmethod
    def of(cls, values: Any) -> "Access":
        """From the resources of a rule.

        Parameters
        ----------
        values : object
            The resources: whole numbers and text by attribute.

        Returns
        -------
        Access
            The same with its types.
        """
        found = {one.name: getattr(values, one.name) for one in fields(cls)}
        numbers = {"connections": int, "tries": int, "timeout_s": float, "pause_s": float}
        return cls(**found | {name: kind(found[name]) for name, kind in numbers.items()})

    @cached_property
    def _sessions(self) -> dict[str, Any]:
        return {}

    def session(self, archive: str) -> Any:
        """The login of an archive, opened once.

        Parameters
        ----------
        archive : str
            `asf` or `copernicus`.

        Returns
        -------
        Session
            The open session.

        Raises
        ------
        CredentialsError
            For credentials that are not there or not accepted.
        DownloadError
            For a login that fails.
        """
        from sarslide.retrieve.session import Copernicus, earthdata

        def opened() -> Any:
            if archive == "copernicus":
                return Copernicus(self.copernicus, self.login_copernicus, self.data_copernicus)
            return earthdata(self.earthdata, self.login_earthdata, self.cookie_asf)

        if archive not in self._sessions:
            session = retry_or_fail(archive, opened, self.tries, self.pause_s)
            session.timeout_s = (min(self.timeout_s, 20), self.timeout_s)
            self._sessions[archive] = session
        return self._sessions[archive]

    def orbits(self) -> Sources:
        """The sources of orbit files."""
        return Sources(
            tuple(self.orbit_sources.split()),
            self.orbit_bucket,
            self.orbit_listing,
            self.search_copernicus,
            self.data_copernicus,
            lambda: self.session("asf"),
            lambda: self.session("copernicus"),
            self.timeout_s,
            self.tries,
            self.pause_s,
        )

    def fetch(self, address: str, path: Path) -> Path:
        """A public file, downloaded without credentials.

        Parameters
        ----------
        address : str
            Of the file.
        path : Path
            Where it is put.

        Returns
        -------
        Path
            `path`.
        """
        return download(address, path, None, self.tries, self.pause_s, silence_s=self.timeout_s)
