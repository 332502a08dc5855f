"""A platform's signed global configuration, fetched under its anchor; nothing else says who takes part."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from urllib.parse import urljoin, urlsplit

from django.db import transaction

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.connection.fetching import Unreachable, get
from ketnoi_portal.connection.models import SeenConfiguration
from ketnoi_portal.settings import Exchange, current
from ketnoi_portal.troubles import Troubled, at, of_error, of_refused, of_status
from ketnoi_protocol.services import Environment, Platform
from ketnoi_trust.configuration import Anchor, Configuration, DirectoryListing, SignedDirectory
from ketnoi_trust.configuration.signed_directory import FILE_NAMES, MAX_MESSAGE_BYTES
from ketnoi_trust.configuration.values import MAX_FILE_BYTES
from ketnoi_trust.errors import Refused

VERSIONS: Final = (6, 5, 4, 3, 2)


class NoConfiguration(Troubled):
    """No configuration that may be believed; the text says why, for an operator."""


def exchange_of(platform: Platform, environment: Environment) -> Exchange | None:
    """The settings of a platform's exchange, when they name its anchor."""
    return next(
        (
            each
            for each in current().exchanges
            if (each.platform, each.environment) == (platform, environment) and each.anchor
        ),
        None,
    )


def anchor_of(exchange: Exchange) -> Anchor:
    """The anchor that an operator has put there. Raises NoConfiguration."""
    try:
        anchor = Anchor.parse(current().path(exchange.anchor).read_bytes())
    except OSError as error:
        raise NoConfiguration(at(Text("tệp neo", "the anchor"), of_error(error))) from None
    except Refused as refused:
        raise NoConfiguration(at(Text("tệp neo", "the anchor"), of_refused(refused))) from None
    if anchor.instance != exchange.instance:
        raise NoConfiguration(Text("tệp neo là của nền tảng khác", "the anchor is that of another instance"))
    return anchor


def fetch(exchange: Exchange) -> Configuration:
    """The present configuration, verified, and not older than one already seen. Raises NoConfiguration."""
    anchor = anchor_of(exchange)
    seen = SeenConfiguration.objects.filter(pk=anchor.instance).first()
    newest = None if seen is None else seen.expires_at
    urls = [exchange.configuration_url] if exchange.configuration_url else [each.url for each in anchor.sources]
    trouble = Text("tệp neo không nêu địa chỉ nào", "the anchor names no address")
    for url in urls:
        try:
            configuration, listing = _from(url, anchor, newest)
        except Refused as refused:
            trouble = of_refused(refused)
        except Unreachable as error:
            trouble = at(Text("không tải được", "cannot be fetched"), error.told)
        else:
            _remember(listing, configuration)
            return configuration
    raise NoConfiguration(trouble)


def _from(url: str, anchor: Anchor, newest: datetime | None) -> tuple[Configuration, DirectoryListing]:
    listing = SignedDirectory.verify(
        _directory(url), anchor.certificates, clock.now(), instance=anchor.instance, newest_seen=newest
    )
    files = {}
    for part in listing.parts:
        if part.content_identifier in FILE_NAMES:
            answer = get(urljoin(url, part.location), most=MAX_FILE_BYTES)
            if answer.status != 200:
                raise Unreachable(of_status(answer.status))
            files[part.content_identifier] = answer.body
    return Configuration.from_signed_directory(listing, files), listing


def _directory(url: str) -> bytes:
    joint = "&" if urlsplit(url).query else "?"
    for version in VERSIONS:
        answer = get(f"{url}{joint}version={version}", most=MAX_MESSAGE_BYTES)
        if answer.status == 200:
            return answer.body
        if answer.status != 404:
            raise Unreachable(of_status(answer.status))
    raise Unreachable(Text("nguồn không có phiên bản nào từ 2 đến 6", "the source has none of the versions 2 to 6"))


def _remember(listing: DirectoryListing, configuration: Configuration) -> None:
    with transaction.atomic():
        seen, made = SeenConfiguration.objects.select_for_update().get_or_create(
            pk=listing.instance,
            defaults={
                "expires_at": listing.expires_at,
                "digest": configuration.digest,
                "read_at": clock.now(),
            },
        )
        if not made and listing.expires_at > seen.expires_at:
            seen.expires_at, seen.digest, seen.read_at = listing.expires_at, configuration.digest, clock.now()
            seen.save()
