SELECT {keys}
    count(DISTINCT session) FILTER (sits) AS sessions,
    coalesce(sum(prompts), 0)::BIGINT AS prompts,
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    min("day") AS first_day,
    max("day") AS last_day,
    string_agg(DISTINCT remark, '; ') AS remark
FROM facts
GROUP BY ALL
