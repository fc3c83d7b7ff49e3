SELECT {keys}
    count(DISTINCT session) AS sessions,
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
    coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(cache_read_tokens), 0)::BIGINT AS cache_read_tokens,
    coalesce(sum(cache_creation_tokens), 0)::BIGINT AS cache_creation_tokens,
    sum(cost_usd) AS cost_usd,
    coalesce(sum(cost_unknown_requests), 0)::BIGINT AS cost_unknown_requests
FROM facts
GROUP BY ALL
