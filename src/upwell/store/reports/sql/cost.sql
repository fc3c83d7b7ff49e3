SELECT {keys}
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    sum(cost_usd) AS cost_usd,
    sum(cost_reported_usd) AS cost_reported_usd,
    sum(cost_priced_usd) AS cost_priced_usd,
    coalesce(sum(cost_unknown_requests), 0)::BIGINT AS cost_unknown_requests,
    share(sum(cost_unknown_requests), sum(api_requests)) AS cost_unknown_share
FROM facts
GROUP BY ALL
