-- What waits to be shared out (routing/balance), oldest first: the sweep asks every ten seconds.
CREATE INDEX conversation_to_share ON conversation (team_id, (coalesce(waiting_since, last_message_at)), id)
    WHERE state = 'open' AND assignee_id IS NULL AND reason ? 'needs';
