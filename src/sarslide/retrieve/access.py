"""How archives are reached: addresses, references of logins, patience. It decides nothing about what arrives."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from sarslide.retrieve.download import download
from sarslide.retrieve.orbits import Sources
from sarslide.retrieve.retry import retry_or_fail


@dataclass(frozen=True)
class Access:
    """The section `retrieve` of the configuration, and the catalogue of the Copernicus Data Space, as rules pass them on."""

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
        """From the resources of a rule: whole numbers and text."""
        found = {one.name: getattr(values, one.name) for one in fields(cls)}
        numbers = {"connections": int, "tries": int, "timeout_s": float, "pause_s": float}
        return cls(**found | {name: kind(found[name]) for name, kind in numbers.items()})

    @cached_property
    def _sessions(self) -> dict[str, Any]:
        return {}

    def session(self, archive: str) -> Any:
        """The login of `asf` or `copernicus`, opened once. Raises CredentialsError, or DownloadError for one that fails."""
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
        """A public file, downloaded without credentials."""
        return download(address, path, None, self.tries, self.pause_s, silence_s=self.timeout_s)
