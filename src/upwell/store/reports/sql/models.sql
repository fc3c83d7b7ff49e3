SELECT {keys}
    count(DISTINCT session) FILTER (sits) AS sessions,
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
    coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(cache_read_tokens), 0)::BIGINT AS cache_read_tokens,
    coalesce(sum(cache_creation_tokens), 0)::BIGINT AS cache_creation_tokens,
    share(sum(cache_read_tokens), sum(input_tokens + cache_read_tokens + cache_creation_tokens)) AS cache_share,
    sum(cost_usd) AS cost_usd,
    sum(cost_reported_usd) AS cost_reported_usd,
    sum(cost_priced_usd) AS cost_priced_usd,
    coalesce(sum(cost_unknown_requests), 0)::BIGINT AS cost_unknown_requests,
    share(sum(cost_unknown_requests), sum(api_requests)) AS cost_unknown_share
FROM facts
GROUP BY ALL
