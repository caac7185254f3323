"""Everything that is held about a person, as plain values to hand out to them (GDPR articles 15 and 20)."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.customers import contacts
from hub.plumbing.db import Tx

# Each part as one JSON list; $1 are the contacts, merged ones included.
PARTS = {
    "person": """
        SELECT c.id, c.name, c.job_title, c.language, c.time_zone, c.external_id, c.preferred_channel, c.notes,
               a.name AS account, c.created_at
        FROM contact c LEFT JOIN account a ON a.id = c.account_id WHERE c.id = ANY($1) ORDER BY c.id
    """,
    "addresses": """
        SELECT type, value, name, verified, usable, why_not, source, created_at
        FROM address WHERE contact_id = ANY($1) ORDER BY id
    """,
    "wishes": """
        SELECT a.value AS address, k.purpose, k.granted, k.source, k.proof, k.at
        FROM consent k JOIN address a ON a.id = k.address_id WHERE a.contact_id = ANY($1) ORDER BY k.id
    """,
    "refused_interests": """
        SELECT a.value AS address, i.name_en AS interest, k.at
        FROM interest_refusal k JOIN address a ON a.id = k.address_id JOIN interest i ON i.id = k.interest_id
        WHERE a.contact_id = ANY($1) ORDER BY k.at
    """,
    "claims": "SELECT type, value, source, created_at FROM claim WHERE contact_id = ANY($1) ORDER BY id",
    "tags": """
        SELECT DISTINCT t.name FROM contact_tag k JOIN tag t ON t.id = k.tag_id
        WHERE k.contact_id = ANY($1) ORDER BY t.name
    """,
    "roles": """
        SELECT k.role, a.name AS account, k.at FROM contact_role k JOIN account a ON a.id = k.account_id
        WHERE k.contact_id = ANY($1) ORDER BY k.at
    """,
    "lists": """
        SELECT l.name AS list, m.fields FROM contact_list_member m JOIN contact_list l ON l.id = m.list_id
        WHERE m.contact_id = ANY($1) ORDER BY l.id
    """,
    "hours": "SELECT starts, ends, days FROM contact_hours WHERE contact_id = ANY($1)",
    "purchases": """
        SELECT d.name AS product, p.state, p.quantity, p.amount, p.currency, p.bought_at, p.external_id,
               (SELECT jsonb_agg(jsonb_build_object('method', y.method, 'amount', y.amount, 'due_on', y.due_on,
                                                    'paid_on', y.paid_on) ORDER BY y.id)
                FROM payment y WHERE y.purchase_id = p.id) AS payments
        FROM purchase p JOIN product d ON d.id = p.product_id WHERE p.contact_id = ANY($1) ORDER BY p.id
    """,
    "conversations": """
        SELECT v.id, v.subject, v.state, n.name AS line, v.created_at, v.closed_at, v.tags, t.score, t.words
        FROM conversation v JOIN channel n ON n.id = v.channel_id LEFT JOIN rating t ON t.conversation_id = v.id
        WHERE v.contact_id = ANY($1) ORDER BY v.id
    """,
    "messages": """
        SELECT m.conversation_id AS conversation, m.created_at AS at, m.direction, n.name AS line, m.sender,
               m.recipients, m.subject, m.text, m.automatic,
               (SELECT jsonb_agg(jsonb_build_object('name', f.name, 'type', f.type, 'size', f.size,
                                                    'words', f.machine_text) ORDER BY f.id)
                FROM attachment f WHERE f.message_id = m.id) AS files
        FROM message m JOIN conversation v ON v.id = m.conversation_id LEFT JOIN channel n ON n.id = m.channel_id
        WHERE v.contact_id = ANY($1)
           OR m.id IN (SELECT o.id FROM message o JOIN address a ON a.id = o.address_id WHERE a.contact_id = ANY($1))
        ORDER BY m.id
    """,
    "calls": """
        SELECT c.conversation_id AS conversation, c.direction, c.outcome, c.number, c.seconds, c.started_at, c.ended_at
        FROM call c JOIN conversation v ON v.id = c.conversation_id WHERE v.contact_id = ANY($1) ORDER BY c.id
    """,
    "chats": """
        SELECT s.said_name, s.said_email, s.answers, s.page, s.consent_at, s.created_at, s.seen_at
        FROM chat_session s JOIN thread_key k ON k.key = s.name JOIN conversation v ON v.id = k.conversation_id
        WHERE v.contact_id = ANY($1) ORDER BY s.id
    """,
    "campaigns": """
        SELECT g.name AS campaign, r.step, r.state, r.reason, r.address, r.variables, r.own, d.state AS delivery,
               d.sent_at, o.first_at AS opened_at,
               (SELECT jsonb_agg(l.url)
                FROM click k JOIN link l ON (l.campaign_id, l.step, l.n) = (r.campaign_id, r.step, k.n)
                WHERE k.recipient_id = r.id) AS followed
        FROM recipient r JOIN campaign g ON g.id = r.campaign_id LEFT JOIN delivery d ON d.recipient_id = r.id
        LEFT JOIN opening o ON o.recipient_id = r.id
        WHERE r.contact_id = ANY($1) ORDER BY r.id
    """,
}


async def held(tx: Tx, contact_id: int) -> dict[str, list[dict[str, Any]]]:
    """By part, everything about this person and all merged into them; files by name. Raises NotFound."""
    ids = await contacts.merged(tx, contact_id)
    return {name: await _part(tx, sql, ids) for name, sql in PARTS.items()}


async def written(tx: Tx, contact_id: int) -> bytes:
    """The same as a JSON file that a person can read. Raises NotFound."""
    return msgspec.json.format(msgspec.json.encode(await held(tx, contact_id)), indent=1)


async def _part(tx: Tx, sql: str, ids: list[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await tx.value(
        f"SELECT coalesce(jsonb_agg(to_jsonb(part)), '[]') FROM ({sql}) AS part", ids
    )
    return found
