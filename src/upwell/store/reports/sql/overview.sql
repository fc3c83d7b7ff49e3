SELECT {keys}
    count(DISTINCT session) FILTER (sits) AS sessions,
    coalesce(sum(prompts), 0)::BIGINT AS prompts,
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    coalesce(sum(tool_calls), 0)::BIGINT AS tool_calls,
    coalesce(sum(tool_failures), 0)::BIGINT AS tool_failures,
    coalesce(sum(errors), 0)::BIGINT AS errors,
    coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
    coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(cache_read_tokens), 0)::BIGINT AS cache_read_tokens,
    coalesce(sum(cache_creation_tokens), 0)::BIGINT AS cache_creation_tokens,
    sum(cost_usd) AS cost_usd,
    coalesce(sum(cost_unknown_requests), 0)::BIGINT AS cost_unknown_requests
FROM facts
GROUP BY ALL
