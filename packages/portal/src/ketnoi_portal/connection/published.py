"""The signed directory as the registry reads it: which integration accounts stand in it."""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ketnoi_pages import clock
from ketnoi_pages.text import Text
from ketnoi_portal.connection.fetching import Answer, Unreachable, get
from ketnoi_portal.settings import current
from ketnoi_portal.troubles import of_error, of_status
from ketnoi_protocol.directory import IntegrationAccount
from ketnoi_protocol.services import Environment
from ketnoi_trust.directory import MAX_BUCKET_BYTES, MAX_MANIFEST_BYTES, read_bucket, verify_manifest
from ketnoi_trust.errors import Refused


def account_in_directory(environment: Environment, name: str) -> IntegrationAccount | None:
    """The account of this name in the directory that is published now. Raises Unreachable, Refused."""
    told = next((each for each in current().directories if each.environment is environment), None)
    if told is None:
        raise Unreachable(Text("thiết lập của cổng chưa nêu danh bạ", "the settings name no directory"))
    host = "127.0.0.1" if told.host == "0.0.0.0" else told.host  # noqa: S104 - a comparison
    url = f"http://{host}:{told.port}"
    try:
        pem = current().path(told.certificate).read_bytes()
        certificate = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise Unreachable(of_error(error)) from None
    manifest = verify_manifest(
        _good(get(f"{url}/manifest.jws", most=MAX_MANIFEST_BYTES)).body, certificate, clock.now()
    )
    if manifest.environment is not environment:
        raise Refused("malformed_directory", "the directory is that of another environment")
    bucket = _good(get(f"{url}/bucket/{manifest.accounts}", most=MAX_BUCKET_BYTES)).body
    accounts = read_bucket(bucket, manifest.accounts, IntegrationAccount)
    return next((each for each in accounts if each.id == name), None)


def _good(answer: Answer) -> Answer:
    if answer.status != 200:
        raise Unreachable(of_status(answer.status))
    return answer
