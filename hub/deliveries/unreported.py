"""A line promises reports and gives none in time: what was handed over counts as *perhaps sent*."""

from __future__ import annotations

from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.deliveries.states import Changed
from hub.plumbing.db import Tx


async def doubt(tx: Tx, *, most: int = 500) -> list[Changed]:
    """Settle what has waited longer than its line's hours, by PostgreSQL's clock; what changed.

    The attempt is raised too, so that the change is newer than everything shown before; nobody holds it any more.
    """
    hours = {one.id: _hours(one) for one in await connections.enabled(tx)}
    patient = {id_: wait for id_, wait in hours.items() if wait > 0}
    if not patient:
        return []
    return await tx.rows(
        Changed,
        """
        WITH silent AS MATERIALIZED (
            SELECT delivery.id FROM delivery
            JOIN unnest($1::bigint[], $2::float[]) AS line (channel_id, hours) USING (channel_id)
            WHERE state = 'sent' AND provider_id <> ''
              AND coalesce(reported_at, sent_at) < now() - make_interval(secs => hours * 3600)
            ORDER BY delivery.id LIMIT $3 FOR UPDATE OF delivery SKIP LOCKED
        )
        UPDATE delivery SET state = 'unknown', code = 'no_report', attempt = attempt + 1
        FROM silent WHERE delivery.id = silent.id
        RETURNING delivery.id, message_id, channel_id, recipient, 'sent' AS before, delivery.state,
                  permanent, ours, code, reason, recipient_id
        """,
        list(patient),
        list(patient.values()),
        most,
    )


def _hours(channel: Channel) -> float:
    """The line's own wish, else what its kind says; 0 for ever."""
    promised = adapter(channel.kind).can.report_hours
    wish = channel.settings.get("report_hours", promised) if promised else 0
    try:
        return float(wish)
    except (TypeError, ValueError):
        return float(promised)
