SELECT {keys}
    count(DISTINCT session) FILTER (sits) AS sessions,
    coalesce(sum(prompts), 0)::BIGINT AS prompts
FROM facts
GROUP BY ALL
