-- What pages read of a campaign of a million: people by what became of them, by id, without walking past the others.
CREATE INDEX recipient_answered ON recipient (campaign_id, id) WHERE answered_at IS NOT NULL;
CREATE INDEX recipient_left_out ON recipient (campaign_id, id) WHERE state IN ('excluded', 'dropped', 'stopped');
CREATE INDEX delivery_went_wrong ON delivery (recipient_id)
    WHERE recipient_id IS NOT NULL AND state IN ('failed', 'unknown', 'canceled');

-- A campaign's failures are no agent's: who looks for answers that failed does not walk past them.
CREATE INDEX delivery_answer_unanswered ON delivery (id) WHERE message_id IS NOT NULL AND state IN ('failed', 'unknown');
