SELECT {keys}
    coalesce(sum(errors), 0)::BIGINT AS errors,
    count(DISTINCT session) AS sessions
FROM facts
GROUP BY ALL
