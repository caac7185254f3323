"""Sender addresses are checked against a real name server: what blocks says so in plain words, with the record."""

from __future__ import annotations

import asyncio
import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from config.name_server import name_server
from hub.campaigns import preflight, spf
from hub.campaigns.preflight import Finding, Sender, blocks
from hub.plumbing.db import Tx
from hub.plumbing.dns import NamesUnavailable, Resolver
from hub.plumbing.texts import speaking
from tests.fakes.dns_server import DnsServer, Zone
from tests.world import World

ACME = Sender(
    address="ana@acme.es",
    relay="mail.acme.es",
    selector="hub",
    public_url="https://hub.acme.es",
    channel_id=1,
)


def public_key(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return base64.b64encode(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()


GOOD: Zone = {
    ("acme.es", "TXT"): ["hello", "v=spf1 mx a:mail.acme.es/28 include:_spf.other.es ~all"],
    ("_spf.other.es", "TXT"): ["v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all"],
    ("acme.es", "MX"): ["10 mail.acme.es.", "20 mail2.acme.es."],
    ("mail.acme.es", "A"): ["81.2.69.142"],
    ("142.69.2.81.in-addr.arpa", "PTR"): ["mail.acme.es."],
    ("hub._domainkey.acme.es", "TXT"): [f"v=DKIM1; k=rsa; p={public_key(2048)}"],
    ("_dmarc.acme.es", "TXT"): ["v=DMARC1; p=none; rua=mailto:ana@acme.es"],
}


async def found(zone: Zone, sender: Sender = ACME) -> dict[str, Finding]:
    async with DnsServer(zone) as server:
        findings = await preflight.check(Resolver(server.address), [sender])
    return {one.check: one for one in findings}


async def test_a_good_sender_passes_and_is_asked_once() -> None:
    async with DnsServer(GOOD) as server:
        resolver = Resolver(server.address)
        twice = await preflight.check(resolver, [ACME, ACME])
    assert [one.severity for one in twice] == ["ok"] * 2 * len(preflight.CHECKS), [
        one.words for one in twice if one.severity != "ok"
    ]
    assert {one.check for one in twice} == set(preflight.CHECKS)
    assert len(server.asked) == len(set(server.asked))


async def test_a_bare_domain_is_told_what_to_publish() -> None:
    zone = {("acme.es", "A"): ["81.2.69.142"]}
    told = await found(zone)
    assert {one.check for one in blocks(list(told.values()))} == {"spf", "dkim", "dmarc", "alignment"}
    assert told["spf"].publish == preflight.Record("acme.es", "TXT", "v=spf1 a:mail.acme.es ~all")
    assert told["dmarc"].publish == preflight.Record(
        "_dmarc.acme.es", "TXT", "v=DMARC1; p=none; rua=mailto:ana@acme.es"
    )
    assert "hub._domainkey.acme.es" in told["dkim"].words
    with speaking("es"):
        assert "no dice quién puede enviar" in told["spf"].words
    published = zone | {
        (one.publish.name, "TXT"): [one.publish.value] for one in told.values() if one.publish is not None
    }
    again = await found(published | {("mail.acme.es", "A"): ["81.2.69.142"]})
    assert (again["spf"].code, again["dmarc"].code) == ("spf_good", "dmarc_good"), (
        "what was said to publish mends it"
    )


@pytest.mark.parametrize(
    ("change", "check", "code", "severity"),
    [
        ({("acme.es", "TXT"): ["v=spf1 -all", "v=spf1 mx -all"]}, "spf", "spf_several", "blocking"),
        ({("acme.es", "TXT"): ["v=spf1 mx +all"]}, "spf", "spf_open", "blocking"),
        ({("acme.es", "TXT"): ["v=spf1 mx"]}, "spf", "spf_undecided", "warning"),
        ({("acme.es", "TXT"): ["v=spf1 ip4:1.2.3.4 -all"]}, "spf", "spf_without_relay", "warning"),
        ({("acme.es", "TXT"): ["v=spf1 ip4:1.2.3 -all"]}, "spf", "spf_broken", "blocking"),
        ({("acme.es", "TXT"): ["v=spf1 include:gone.es -all"]}, "spf", "spf_broken", "blocking"),
        ({("acme.es", "TXT"): ["v=spf1 redirect=_spf.other.es"]}, "spf", "spf_without_relay", "warning"),
        (
            {("acme.es", "TXT"): ["v=spf1 " + " ".join(f"a:h{n}.es" for n in range(11)) + " -all"]},
            "spf",
            "spf_too_long",
            "blocking",
        ),
        ({("hub._domainkey.acme.es", "TXT"): ["v=DKIM1; p="]}, "dkim", "dkim_revoked", "blocking"),
        ({("hub._domainkey.acme.es", "TXT"): ["v=DKIM1; p=abc"]}, "dkim", "dkim_unreadable", "blocking"),
        ({("hub._domainkey.acme.es", "TXT"): [f"p={public_key(1024)}"]}, "dkim", "dkim_short", "warning"),
        (
            {("_dmarc.acme.es", "TXT"): ["v=DMARC1; p=none", "v=DMARC1; p=reject"]},
            "dmarc",
            "dmarc_several",
            "blocking",
        ),
        ({("_dmarc.acme.es", "TXT"): ["v=DMARC1; p=perhaps"]}, "dmarc", "dmarc_broken", "blocking"),
        ({("142.69.2.81.in-addr.arpa", "PTR"): []}, "names", "no_reverse_name", "warning"),
        ({("142.69.2.81.in-addr.arpa", "PTR"): ["x.isp.es."]}, "names", "reverse_name_differs", "warning"),
        ({("acme.es", "MX"): ["0 ."]}, "replies", "no_mail_server", "blocking"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_wrong_is_named(change: Zone, check: str, code: str, severity: str) -> None:
    one = (await found(GOOD | change))[check]
    assert (one.code, one.severity) == (code, severity)
    assert "%(" not in one.words


async def test_alignment_under_a_subdomain_follows_the_policy_above() -> None:
    """DMARC and the key stand on acme.es, the sender on news.acme.es: relaxed is aligned, strict is not."""
    sender = Sender(
        address="ana@news.acme.es", relay="10.0.0.1", selector="hub", public_url="https://hub.acme.es"
    )
    relaxed = await found(GOOD, sender)
    assert (relaxed["dmarc"].code, relaxed["alignment"].code) == ("dmarc_good", "aligned")
    strict = await found(GOOD | {("_dmarc.acme.es", "TXT"): ["v=DMARC1; p=none; adkim=s"]}, sender)
    assert strict["alignment"].code == "not_aligned"


async def test_a_known_relay_must_be_named_and_its_keys_are_found_alone() -> None:
    sender = Sender(address="ana@acme.es", relay="smtp.office365.com", public_url="https://hub.acme.es")
    zone = GOOD | {("selector2._domainkey.acme.es", "TXT"): [f"v=DKIM1; p={public_key(2048)}"]}
    told = await found(zone, sender)
    assert (told["spf"].code, told["spf"].severity) == ("spf_without_relay", "blocking")
    assert told["spf"].publish is not None
    assert told["spf"].publish.value.startswith("v=spf1 include:spf.protection.outlook.com mx ")
    assert told["dkim"].told["name"] == "selector2._domainkey.acme.es"


@pytest.mark.parametrize(
    "url", ["http://hub.acme.es", "https://127.0.0.1:8080", "https://hub.local", "https://hub"]
)
async def test_unsubscribing_must_be_reached_from_outside(url: str) -> None:
    told = await found(
        GOOD, Sender(address="ana@acme.es", relay="mail.acme.es", selector="hub", public_url=url)
    )
    assert told["unsubscribe"].severity == "blocking"


async def test_a_name_server_that_fails_is_no_verdict() -> None:
    async with DnsServer(GOOD, broken=("_dmarc.acme.es",)) as server:
        told = await preflight.check(Resolver(server.address), [ACME])
        assert [(one.code, one.severity) for one in told] == [
            ("not_asked", "warning"),
            ("unsubscribe_good", "ok"),
        ]
        with pytest.raises(NamesUnavailable):
            await Resolver(server.address).texts("_dmarc.acme.es")


async def test_one_who_waits_no_longer_takes_the_answer_from_nobody() -> None:
    """Two senders of one domain share each question; the first one's time is over before the other's."""
    async with DnsServer(GOOD) as server:
        resolver = Resolver(server.address)
        impatient, patient = [asyncio.create_task(resolver.texts("_dmarc.acme.es")) for _ in range(2)]
        await asyncio.sleep(0)  # both wait for the one question, which nobody has answered yet
        impatient.cancel()
        assert await patient
        assert len(server.asked) == 1


async def test_endless_and_hostile_records_end() -> None:
    zone: Zone = {
        (f"s{n}.es", "TXT"): [f"v=spf1 include:s{n + 1}.es include:s{n}.es -all"] for n in range(60)
    }
    zone[("acme.es", "TXT")] = [
        "v=spf1 include:s0.es include:%{i}.es exists:%{d} include: a:.. mx:" + "x" * 70 + " -all"
    ]
    async with DnsServer(zone) as server:
        known = await spf.read(Resolver(server.address), "acme.es")
        assert known.lookups > spf.MOST_LOOKUPS
        assert len(server.asked) < 80


async def test_only_lines_that_leave_as_mail_are_senders(tx: Tx, world: World) -> None:
    [sender] = await preflight.senders(tx, "https://hub.acme.es")
    assert (sender.address, sender.channel_id) == (world.mail.address, world.mail.id)
    [finding] = await preflight.check(Resolver("127.0.0.1:1"), [sender])
    assert (finding.code, finding.severity) == ("reserved", "ok")


def test_name_servers_are_written_with_or_without_port() -> None:
    assert name_server("9.9.9.9") == ("9.9.9.9", 53)
    assert name_server("127.0.0.1:5353") == ("127.0.0.1", 5353)
    assert name_server("2620:fe::fe") == ("2620:fe::fe", 53)
    assert name_server("[::1]:5353") == ("::1", 5353)
    for wrong in ("dns.example", "1.2.3.4:x", "1.2.3.4:70000", ""):
        with pytest.raises(ValueError, match="no name server"):
            name_server(wrong)
