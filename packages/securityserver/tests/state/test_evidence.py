"""Evidence that leaves the log: fetched over HTTPS by its owner, accepted by the verifier that everybody has."""

import asyncio
import dataclasses
import hashlib
import io
import ssl
import zipfile
from contextlib import asynccontextmanager
from datetime import timedelta

import aiohttp
import msgspec
import pytest
from aiohttp import web

from ketnoi_runtime.web import Listener
from ketnoi_securityserver import tls
from ketnoi_securityserver.credentials.keys import KeyStore
from ketnoi_securityserver.messagelog.housekeeping import drop_old_bodies
from ketnoi_securityserver.serverconf.clients import Clients
from ketnoi_securityserver.serverconf.ledger import Ledger
from ketnoi_trust import asic, evidence, hashchain, timestamps
from ketnoi_trust.configuration import Anchor, Configuration, SignedDirectory
from ketnoi_trust.errors import Refused

BODY = b'{"HoVaTen": "nobody else may read this"}'
CHANGED = {"malformed_signature", "malformed_signature.invalid_hash_chain_ref", "invalid_signature_value"}
MINE = {"xRoadInstance": "XX-TEST", "memberClass": "GOV", "memberCode": "G01.C06", "subsystemCode": "DANCU"}


class Door:
    """The evidence addresses of a running state over HTTPS, asked as DANCU's information system or as a stranger."""

    def __init__(self, session, url):
        self.session, self.url = session, url

    async def get(self, path="/asic", **query):
        async with self.session.get(self.url + path, params=query) as answer:
            return answer.status, await answer.read(), answer.headers

    async def asic(self, number, **query):
        return await self.get("/asic", **MINE, queryId=f"message-{number}", **query)


@asynccontextmanager
async def door(kit, state, *, caller="system", secure=True):
    """`caller`: the information system's own key folder, or None for no certificate."""
    store = KeyStore(kit.folder / "system")
    if not store.internal_files[0].exists():
        store.make_internal_certificate(["system.example"], kit.clock.now())
    certificate, key = store.internal_files
    clients = Clients(Ledger(state.pool, state.serverconf, kit.clock))
    dancu = kit.c06.subsystem("DANCU")
    if state.serverconf.client(dancu) is None:
        await clients.add("test", dancu, "HTTPS")
        await clients.add_certificate("test", dancu, certificate.read_bytes())

    async def handle(request):
        return await state.evidence.handlers[request.path](request)

    trusted = state.serverconf.client(dancu).is_certificates
    context = tls.called(state.credentials.internal, trusted, certificate_required=False) if secure else None
    listener = Listener(web.Server(handle), "127.0.0.1", 0, tls=context, drain=0.1)
    await listener.start()
    calling = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    calling.check_hostname, calling.verify_mode = False, ssl.CERT_NONE
    if caller is not None:
        calling.load_cert_chain(certificate, key)
    scheme = "https" if secure else "http"
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=calling)) as session:
            yield Door(session, f"{scheme}://127.0.0.1:{listener.port}")
    finally:
        await listener.stop()


def contained(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def refused(data, configuration, **how):
    with pytest.raises(Refused) as error:
        evidence.verify(data, configuration, **how)
    return error.value.code


@pytest.mark.parametrize(("messages", "direct"), [(1, False), (2, False), (7, False), (1, True), (2, True)])
def test_what_is_exported_is_accepted_by_the_verifier_of_evidence_also_strictly(kit, database, messages, direct):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            # The first batch covers the configuration too, so that only a later batch can be of one message.
            await state.log.record(await kit.signed(state, 100))
            await state.timestamper.stamp()
            for number in range(messages):
                await state.log.record(await kit.signed(state, number, body=BODY, direct=direct))
            assert await state.timestamper.stamp() == messages
            result = await state.pool.fetchval("SELECT result FROM batch ORDER BY last_sequence DESC LIMIT 1")
            assert (result is None) is (messages == 1)
            configuration = state.globalconf.current()
            for number in range(messages):
                status, content, headers = await evident.asic(number, unique="", responseOnly="")
                assert (status, headers["Content-Type"]) == (200, "application/vnd.etsi.asic-e+zip")
                assert f'filename="message-{number}-response-' in headers["Content-Disposition"]
                for strict in (False, True):
                    verdict = evidence.verify(content, configuration, strict=strict)
                    assert verdict.signer == kit.c06
                    assert verdict.message.message_id == f"message-{number}"
                    assert [part.content for part in verdict.messages][1:] == [BODY]
                    assert abs(verdict.stamped_at - kit.clock.now()) < timedelta(minutes=1)
                container = asic.read(content)
                other = asic.write(dataclasses.replace(container, attachments=(BODY + b" ",)), kit.clock.now())
                assert refused(other, configuration) in CHANGED
                other = asic.write(
                    dataclasses.replace(container, message=container.message + b"x:y\r\n"), kit.clock.now()
                )
                assert refused(other, configuration) in CHANGED

    asyncio.run(act())


def test_a_message_without_a_body_is_evidence_too(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            await state.log.record(await kit.signed(state, 1, body=None))
            _, content, _ = await evident.asic(1, unique="", responseOnly="", force="")
            verdict = evidence.verify(content, state.globalconf.current(), strict=True)
            assert [str(part) for part in verdict.messages] == ["message.xml"]

    asyncio.run(act())


def test_after_its_body_is_deleted_a_message_still_proves_who_said_it(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            await state.log.record(await kit.signed(state, 1, body=BODY))
            await state.timestamper.stamp()
            async with state.pool.acquire() as connection:
                await drop_old_bodies(connection, kit.clock.now().date() + timedelta(days=1))
            _, content, _ = await evident.asic(1, unique="", responseOnly="")
            verdict = evidence.verify(content, state.globalconf.current())
            assert verdict.signer == kit.c06
            assert [str(part) for part in verdict.messages] == ["message.xml", "attachment1 not present"]
            assert BODY not in content

    asyncio.run(act())


def test_what_is_stamped_when_its_ocsp_answer_is_stale_proves_nothing_any_more(kit, database):
    """X-Road's rule, which README tells operators: the stamp's moment is the one at which everything is judged."""

    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            await state.log.record(await kit.signed(state, 1))
            kit.clock.advance(timedelta(minutes=50))
            instance.publish()
            await state.globalconf.poll()
            await state.log.record(await kit.signed(state, 2))
            kit.clock.advance(timedelta(minutes=20))
            instance.publish()
            await state.globalconf.poll()
            await state.timestamper.stamp()
            (_, old, _), (_, fresh, _) = [await evident.asic(number, unique="", responseOnly="") for number in (1, 2)]
            for late in (old, fresh):
                assert refused(late, state.globalconf.current()) == "incorrect_validation_info"
            await state.credentials.refresh(ask_again=True)
            await state.log.record(await kit.signed(state, 3))
            await state.timestamper.stamp()
            _, fresh, _ = await evident.asic(3, unique="", responseOnly="")
            assert evidence.verify(fresh, state.globalconf.current(), strict=True)

    asyncio.run(act())


def test_both_messages_of_an_exchange_come_together(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            response = await kit.signed(state, 1, body=BODY)
            request = msgspec.structs.replace(response, is_response=False)
            await state.log.record(request, response)
            await state.timestamper.stamp()
            status, content, headers = await evident.asic(1)
            assert (status, headers["Content-Type"]) == (200, "application/zip")
            assert sorted(contained(content)) == ["message-1-request-1.asice", "message-1-response-2.asice"]
            _, content, _ = await evident.asic(1, requestOnly="")
            assert list(contained(content)) == ["message-1-request-1.asice"]

    asyncio.run(act())


def test_what_is_not_stamped_yet_is_stamped_on_demand_only(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            await state.log.record(await kit.signed(state, 1))
            status, text, _ = await evident.asic(1)
            assert (status, b"not been time-stamped" in text) == (500, True)
            instance.answers |= {"tsa": False, "tsa2": False}
            status, text, _ = await evident.asic(1, force="")
            assert (status, b"could not be made" in text) == (500, True)
            instance.answers["tsa"] = True
            status, _, _ = await evident.asic(1, force="")
            assert status == 200

    asyncio.run(act())


def test_questions_that_cannot_be_answered_are_refused_in_plain_text(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            first = await kit.signed(state, 1)
            await state.log.record(first)
            await state.log.record(
                msgspec.structs.replace(first, is_response=False), msgspec.structs.replace(first, is_response=False)
            )
            await state.timestamper.stamp()
            for expected, query in [
                (400, {}),
                (400, MINE),
                (400, MINE | {"queryId": "message-1", "requestOnly": "", "responseOnly": ""}),
                (400, MINE | {"queryId": "message-1", "unique": ""}),
                (400, MINE | {"queryId": "message-1", "memberCode": "G01/C06"}),
                (404, MINE | {"queryId": "message-2"}),
                (500, MINE | {"queryId": "message-1", "unique": "", "requestOnly": ""}),
            ]:
                status, _, headers = await evident.get(**query)
                assert status == expected, query
                assert headers["Content-Type"].startswith("text/plain")
                assert "X-Road-Error" not in headers
            async with evident.session.post(evident.url + "/asic") as answer:
                assert answer.status == 405

    asyncio.run(act())


def test_an_id_that_was_used_for_very_many_messages_does_not_fill_the_memory(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            record = await kit.signed(state, 1)
            await state.log.record(*[record] * 20)
            await state.timestamper.stamp()
            assert (await evident.asic(1))[0] == 200
            await state.log.record(record)
            await state.timestamper.stamp()
            assert (await evident.asic(1))[:2] == (
                500,
                b"More than 20 messages have this id; they are in the archives.",
            )

    asyncio.run(act())


@pytest.mark.parametrize(("caller", "secure"), [(None, True), ("system", False)])
def test_nobody_gets_evidence_without_the_subsystems_own_certificate(kit, database, caller, secure):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state:
            await state.log.record(await kit.signed(state, 1))
            await state.timestamper.stamp()
            async with door(kit, state, caller=caller, secure=secure) as evident:
                assert (await evident.asic(1))[0] == 401
            async with door(kit, state) as evident:
                assert (await evident.asic(1))[0] == 200
                others = MINE | {"memberCode": "G15", "subsystemCode": "MOTCUA"}
                assert (await evident.get(**others, queryId="message-1"))[0] == 401

    asyncio.run(act())


def test_a_log_that_somebody_changed_gives_no_evidence(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            for number in range(3):
                await state.log.record(await kit.signed(state, number))
            await state.timestamper.stamp()
            await state.pool.execute("ALTER TABLE batch DISABLE TRIGGER batch_stays")
            await state.pool.execute("UPDATE batch SET leaves = set_byte(leaves, 0, get_byte(leaves, 0) # 1)")
            assert (await evident.asic(1))[0] == 500
            await state.pool.execute("ALTER TABLE record DISABLE TRIGGER record_stays")
            await state.pool.execute("UPDATE batch SET leaves = set_byte(leaves, 0, get_byte(leaves, 0) # 1)")
            assert (await evident.asic(1))[0] == 200
            await state.pool.execute("UPDATE record SET rest_part = rest_part || 'x'::bytea")
            _, content, _ = await evident.asic(1, unique="", responseOnly="")
            assert refused(content, state.globalconf.current())

    asyncio.run(act())


def test_a_day_without_the_database_is_said_and_nothing_of_the_row(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            await state.pool.execute("ALTER TABLE record RENAME TO gone")
            status, text, _ = await evident.asic(1)
            assert (status, text) == (500, b"The message log cannot be read at this moment.")

    asyncio.run(act())


# The configuration to judge by


def test_the_configuration_of_the_time_is_enough_to_judge_by_and_is_itself_proved(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            await state.log.record(await kit.signed(state, 1, body=BODY))
            await state.timestamper.stamp()
            _, content, _ = await evident.asic(1, unique="", responseOnly="")
            status, packed, headers = await evident.get("/verificationconf")
            assert (status, headers["Content-Type"]) == (200, "application/zip")
            files = contained(packed)
            assert not [name for name in files if "private" in name]
            given = {name: data for name, data in files.items() if name.startswith("verificationconf/")}
            configuration = Configuration.from_directory_files(given)
            assert configuration.digest == state.globalconf.current().digest
            assert evidence.verify(content, configuration, strict=True).signer == kit.c06
            # Where it came from: signed by whom the anchor names, and all of it under a time stamp.
            anchor = Anchor.parse(files["origin/configuration-anchor.xml"])
            SignedDirectory.verify(files["origin/directory.signed"], anchor.certificates, kit.clock.now())
            manifest = files["origin/manifest.txt"]
            for name in ("origin/directory.signed", "origin/configuration-anchor.xml"):
                assert hashlib.sha512(files[name]).hexdigest() in manifest.decode()
            result, chain = files["origin/ts-hashchainresult.xml"], files["origin/ts-hashchain.xml"]
            hashchain.verify(result, chain, {timestamps.SIGNATURE: manifest}, {timestamps.SIGNATURE})
            assert timestamps.verify(files["origin/timestamp.tst"], result, configuration).gen_time

    asyncio.run(act())


def test_old_configurations_are_found_by_time_and_by_digest(kit, database):
    async def act():
        async with kit.instance() as instance, kit.state(instance, database) as state, door(kit, state) as evident:
            first, began = state.globalconf.current(), kit.clock.now()
            kit.clock.advance(timedelta(minutes=2))
            instance.params = dataclasses.replace(instance.params, ocsp_freshness=timedelta(minutes=30))
            instance.publish()
            await state.globalconf.poll()
            shared = "verificationconf/XX-TEST/shared-params.xml"

            async def digest(**query):
                status, packed, _ = await evident.get("/verificationconf", **query)
                return hashlib.sha256(contained(packed)[shared]).hexdigest() if status == 200 else status

            assert await digest() == state.globalconf.current().digest != first.digest
            assert await digest(at=(began + timedelta(minutes=1)).isoformat()) == first.digest
            assert await digest(digest=first.digest) == first.digest
            assert await digest(at="2001-01-01T00:00:00Z") == 404
            assert await digest(digest="ab" * 32) == 404
            assert await digest(at="yesterday") == 400
            assert await digest(digest="no hexadecimal") == 400

    asyncio.run(act())
