SELECT {keys}
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    coalesce(sum(input_tokens), 0)::BIGINT AS input_tokens,
    coalesce(sum(output_tokens), 0)::BIGINT AS output_tokens,
    coalesce(sum(cache_read_tokens), 0)::BIGINT AS cache_read_tokens,
    coalesce(sum(cache_creation_tokens), 0)::BIGINT AS cache_creation_tokens,
    share(sum(cache_read_tokens), sum(input_tokens + cache_read_tokens + cache_creation_tokens)) AS cache_share,
    share(sum(input_tokens + output_tokens + cache_read_tokens + cache_creation_tokens), sum(api_requests)) AS tokens_per_request
FROM facts
GROUP BY ALL
