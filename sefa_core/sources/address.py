"""What kind of place a source string names: the web, the Hub, a wheel, an installed package, or none of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from sefa_core.errors import SefaError

_TOLD = {"dl", "download", "export", "id", "raw", "rlkey"}
"""Parameters of a query that say which file it is, or how it is sent. All others may be keys to it."""

FORMS = (
    "a path, a name of `sefa models`, https://..., hf:org/repo/file@revision, pypi:distribution==version#member, "
    "pkg:package/file"
)


@dataclass(frozen=True)
class Web:
    """A file behind an address. As text it may be shown and stored; only `url` may hold keys."""

    url: str

    def __str__(self) -> str:
        return public(self.url)

    @property
    def exact(self) -> str:
        return self.url

    @property
    def filename(self) -> str:
        return PurePosixPath(unquote(urlsplit(self.url).path)).name or "file"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class Hub:
    """A file of a Hub repository, or the whole repository."""

    repo: str
    file: str | None
    revision: str | None

    def __str__(self) -> str:
        return self.at(self.revision) if self.revision else self._unpinned

    @property
    def exact(self) -> str:
        return str(self)

    @property
    def _unpinned(self) -> str:
        return f"hf:{self.repo}" + (f"/{self.file}" if self.file else "")

    def at(self, revision: str) -> str:
        """The source string that names exactly this revision."""
        return f"{self._unpinned}@{revision}"


@dataclass(frozen=True)
class Wheel:
    """A member of a wheel on the user's package index."""

    distribution: str
    version: str
    member: str

    def __str__(self) -> str:
        return f"pypi:{self.requirement}#{self.member}"

    @property
    def exact(self) -> str:
        return str(self)

    @property
    def requirement(self) -> str:
        return f"{self.distribution}=={self.version}"

    @property
    def filename(self) -> str:
        return PurePosixPath(self.member).name


@dataclass(frozen=True)
class Package:
    """A file of a package that is installed beside this one."""

    package: str
    member: str

    def __str__(self) -> str:
        return f"pkg:{self.package}/{self.member}"

    @property
    def exact(self) -> str:
        return str(self)

    @property
    def filename(self) -> str:
        return PurePosixPath(self.member).name


_HUB = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:/(?P<file>[^@]+|.+(?=@)))?(?:@(?P<revision>[^@]+))?")
_WHEEL = re.compile(r"(?P<distribution>[A-Za-z0-9][\w.-]*)==(?P<version>[A-Za-z0-9][\w.!+-]*)#(?P<member>.*[^/])", re.A)
# parts that begin with a letter or digit: neither .. nor an absolute path leads out of the package
_PACKAGE = re.compile(r"(?P<package>[A-Za-z_]\w*)/(?P<member>[A-Za-z0-9_][\w.-]*(?:/[A-Za-z0-9_][\w.-]*)*)", re.A)


@dataclass(frozen=True)
class Manual:
    """An address that only a person can download from: a shared drive, or an archive of several models."""

    url: str

    def __str__(self) -> str:
        return public(self.exact)

    @property
    def exact(self) -> str:
        return f"manual:{self.url}"


def public(source: str) -> str:
    """`source` as it may be printed, stored and published: an address without password and keys.

    Of a query only what names the file is kept. What is no address stays as it is: a path, a name, a place on the Hub,
    in a wheel or in a package.
    """
    before, colon, url = source.partition(":") if source.lower().startswith("manual:") else ("", "", source)
    scheme = re.match(r"[a-z][a-z0-9+.-]*://", url, re.IGNORECASE)
    if scheme is None:
        return source
    try:
        parts = urlsplit(url)
        query = urlencode([(name, value) for name, value in parse_qsl(parts.query) if name in _TOLD])
        fragment = parts.fragment if before and "=" not in parts.fragment else ""  # some drives name files so
        shown = parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query, fragment=fragment).geturl()
    except ValueError:  # no address after all, so nobody knows where its keys are
        shown = f"{scheme[0]}..."
    return f"{before}{colon}{shown}"


def parse(source: str) -> Web | Hub | Wheel | Package | Manual | None:
    """Read the scheme of `source`; None when it has none and so is a path or a name."""
    scheme, colon, rest = source.partition(":")
    scheme = scheme.lower()
    if scheme in ("https", "http") and rest.startswith("//"):
        return _web(source)
    if colon and scheme == "hf":
        match = _HUB.fullmatch(rest.removeprefix("//"))
        if match is None:
            raise SefaError(
                f"{source}: not a place on the Hub; write hf:org/repo/file@revision or hf:org/repo@revision"
            )
        return Hub(match["repo"], match["file"], match["revision"])
    if colon and scheme == "manual" and rest.startswith("http"):
        return Manual(rest)
    if colon and scheme == "pypi":
        match = _WHEEL.fullmatch(rest)
        if match is None:
            raise SefaError(f"{source}: not a member of a wheel; write pypi:distribution==version#path/in/the/wheel")
        return Wheel(match["distribution"], match["version"], match["member"])
    if colon and scheme == "pkg":
        match = _PACKAGE.fullmatch(rest)
        if match is None:
            raise SefaError(f"{source}: not a file of an installed package; write pkg:package/path/in/the/package")
        return Package(match["package"], match["member"])
    if rest.startswith("//"):
        raise SefaError(f"{public(source)}: sources of the kind {scheme}: are not read; a source is {FORMS}")
    return None


def _web(source: str) -> Web:
    try:
        parts = urlsplit(source)
        usable = bool(parts.hostname) and parts.port != 0 and parts.username is None
    except ValueError:  # a port that is no number, brackets that do not close
        usable = False
    if not usable or re.search(r"[\s\x00-\x1f]", source):
        raise SefaError(
            f"{public(source)}: not an address that can be opened; write https://host/path/file, without a password"
        )
    return Web(parts._replace(fragment="").geturl())
