WITH counted AS (
    SELECT {keys}
        sum(calls) AS calls,
        coalesce(sum(calls) FILTER (outcome = 'failed'), 0) AS failures,
        coalesce(sum(calls) FILTER (outcome = 'succeeded'), 0) AS successes,
        coalesce(sum(calls) FILTER (decision = 'accept'), 0) AS accepted,
        coalesce(sum(calls) FILTER (outcome = 'refused'), 0) AS rejected,
        quantile_disc(ms, [0.5, 0.95]) AS times
    FROM facts
    GROUP BY ALL
)
SELECT {keys}
    calls::BIGINT AS calls,
    failures::BIGINT AS failures,
    share(failures, failures + successes) AS failure_share,
    accepted::BIGINT AS accepted,
    rejected::BIGINT AS rejected,
    share(rejected, rejected + failures + successes) AS rejected_share,
    round(times[1]::DOUBLE, 2) AS p50_ms,
    round(times[2]::DOUBLE, 2) AS p95_ms
FROM counted
