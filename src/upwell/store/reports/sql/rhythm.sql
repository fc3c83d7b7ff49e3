SELECT {keys}
    count(DISTINCT session) FILTER (sits) AS sessions,
    coalesce(sum(prompts), 0)::BIGINT AS prompts,
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    coalesce(sum(tool_calls), 0)::BIGINT AS tool_calls
FROM facts
GROUP BY ALL
