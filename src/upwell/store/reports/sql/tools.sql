SELECT {keys}
    coalesce(sum(calls), 0)::BIGINT AS calls,
    coalesce(sum(calls) FILTER (outcome = 'failed'), 0)::BIGINT AS failures,
    quantile_ms(ms, 0.5) AS p50_ms,
    quantile_ms(ms, 0.95) AS p95_ms
FROM facts
GROUP BY ALL
