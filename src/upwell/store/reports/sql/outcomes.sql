SELECT {keys}
    coalesce(sum(lines_added), 0)::BIGINT AS lines_added,
    coalesce(sum(lines_removed), 0)::BIGINT AS lines_removed,
    coalesce(sum(commits), 0)::BIGINT AS commits,
    coalesce(sum(pull_requests), 0)::BIGINT AS pull_requests,
    coalesce(sum(edits_accepted), 0)::BIGINT AS edits_accepted,
    coalesce(sum(edits_rejected), 0)::BIGINT AS edits_rejected,
    share(sum(edits_accepted), sum(edits_accepted + edits_rejected)) AS acceptance_share,
    coalesce(sum(active_seconds), 0) / 3600 AS active_hours
FROM facts
GROUP BY ALL
