"""The anchor, and what the server tells about itself."""

import asyncio
from datetime import timedelta

from ketnoi_securityserver.messagelog.timestamping import NotStamped
from ketnoi_trust.configuration import Anchor


def test_a_new_anchor_is_taken_when_the_configuration_under_it_holds(api, kit):
    async def act():
        async with api() as one:
            old = await one.get("/system/anchor")
            assert old["hash"] == one.state.globalconf.anchor.fingerprint
            # The governing side gets a new signing key.
            signer = one.instance.authority.issue(one.instance.signer.certificate.subject, usage=("digital_signature",))
            anchor = one.instance.anchor_data(signer.der)
            told = await one.refused("PUT", "/system/anchor", data=anchor)
            assert told == (400, "conf_verification_failed")
            assert await one.get("/system/anchor") == old
            one.instance.signer = signer
            kit.clock.advance(timedelta(seconds=2))
            one.instance.publish()
            preview = await one.do("POST", "/system/anchor/previews", data=anchor)
            assert await one.do("PUT", "/system/anchor", data=anchor) == preview
            assert await one.get("/system/anchor/download") == anchor
            assert (kit.folder / "anchor.xml").read_bytes() == anchor
            assert await one.refused("PUT", "/system/anchor", data=anchor) == (409, "anchor_already_exists")
            one.state.globalconf.current()
            # Both anchors go out with evidence, from when on each was believed.
            anchors = [each for _, each in await one.state.pool.fetch(
                "SELECT min(kept_at), anchor FROM configuration_snapshot GROUP BY anchor ORDER BY 1")]  # fmt: skip
            assert [Anchor.parse(each).fingerprint for each in anchors] == [old["hash"], preview["hash"]]
            assert [row[1] for row in await one.audit()][1:] == ["replace anchor"]

    asyncio.run(act())


def test_anchors_that_are_none_or_anothers_are_refused(api, kit):
    async def act():
        async with kit.instance() as instance, kit.instance() as stranger, api(instance) as one:
            assert await one.refused("PUT", "/system/anchor", data=b"<no/>") == (400, "malformed_anchor")
            assert await one.refused("POST", "/system/anchor/previews", data=b"") == (400, "malformed_anchor")
            other = instance.anchor_data().replace(b"XX-TEST", b"YY-TEST")
            assert await one.refused("PUT", "/system/anchor", data=other) == (400, "conf_verification_failed")
            # Somebody else's key under the same name: his configuration is not signed by ours, nor ours by his.
            theirs = stranger.anchor_data()
            stranger.answers["source"] = False
            assert await one.refused("PUT", "/system/anchor", data=theirs) == (400, "conf_verification_failed")
            assert await one.state.globalconf.poll()
            assert (await one.audit())[1:] == []

    asyncio.run(act())


def test_diagnostics_say_what_works_and_what_does_not(api, kit):
    async def act():
        async with api() as one:
            shown = await one.get("/diagnostics/globalconf")
            assert (shown["status_class"], shown["status_message"]) == ("OK", "")
            assert shown["next_update_at"] > shown["prev_update_at"]
            ((responder,),) = [each["ocsp_responders"] for each in await one.get("/diagnostics/ocsp-responders")]
            assert (responder["status_class"], responder["url"]) == ("OK", f"{one.instance.url}/ocsp")
            stamps = await one.get("/diagnostics/timestamping-services")
            assert [each["status_class"] for each in stamps] == ["WAITING", "WAITING"]
            one.instance.answers |= {"tsa": False, "ocsp": False, "source": False}
            await one.state.log.record(await kit.signed(one.state))
            await one.state.timestamper.stamp()
            await one.state.credentials.refresh(ask_again=True)
            await one.state.globalconf.poll()
            stamps = await one.get("/diagnostics/timestamping-services")
            assert [(each["status_class"], each["status_message"]) for each in stamps] == [
                ("FAIL", "status 500"), ("OK", "")
            ]  # fmt: skip
            assert (await one.get("/diagnostics/globalconf"))["status_class"] == "FAIL"
            ((responder,),) = [each["ocsp_responders"] for each in await one.get("/diagnostics/ocsp-responders")]
            assert responder["status_class"] == "FAIL"
            kit.clock.advance(timedelta(hours=1))
            assert await one.get("/diagnostics/ocsp-responders") == []

    asyncio.run(act())


def test_health_names_what_will_stop_messages(api, kit):
    async def act():
        async with api() as one:
            shown = await one.get("/health")
            assert shown["configuration"]["problem"] == ""
            assert (shown["certificates"], shown["message_log"]["halted"]) == ({}, None)
            one.instance.answers |= dict.fromkeys(("tsa", "tsa2", "ocsp", "source"), False)
            await one.state.log.record(await kit.signed(one.state))
            try:
                await one.state.timestamper.stamp()
            except NotStamped:
                kit.clock.advance(timedelta(hours=5))
            try:
                await one.state.timestamper.stamp()
            except NotStamped:
                await one.state.globalconf.poll()
            shown = await one.get("/health")
            assert shown["configuration"]["valid_until"] is None
            assert "status 500" in shown["configuration"]["problem"]
            assert shown["timestamping"]["waiting"] == 1
            assert "time-stamping" in shown["message_log"]["halted"]

    asyncio.run(act())


def test_who_and_what_the_server_is(api, kit):
    async def act():
        async with api() as one:
            (mine,) = await one.get("/security-servers?current_server=true")
            assert (mine["id"], mine["server_address"]) == (str(kit.server), "127.0.0.1")
            assert [each["id"] for each in await one.get("/security-servers")] == [str(kit.server), str(kit.theirs)]
            assert "Ketnoi" in (await one.get("/system/version"))["info"]
            assert (await one.get("/system/certificate"))["subject_common_name"] == "127.0.0.1"
            for path in ("/timestamping-services", "/system/timestamping-services"):
                urls = [each["url"] for each in await one.get(path)]
                assert urls == [f"{one.instance.url}/tsa", f"{one.instance.url}/tsa2"]

    asyncio.run(act())
