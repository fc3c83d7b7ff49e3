SELECT {keys}
    coalesce(sum(prompts), 0)::BIGINT AS prompts
FROM facts
GROUP BY ALL
