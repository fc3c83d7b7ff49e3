SELECT {keys}
    coalesce(sum(calls), 0)::BIGINT AS calls
FROM facts
GROUP BY ALL
