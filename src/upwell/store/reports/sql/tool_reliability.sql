WITH steps AS (
    SELECT {keys} step,
        sum(calls) AS n,
        sum(calls) FILTER (NOT success) AS failed,
        sum(calls) FILTER (success IS NOT NULL) AS told,
        sum(calls) FILTER (decision = 'accept') AS accepted,
        sum(calls) FILTER (decision = 'reject') AS rejected
    FROM facts
    GROUP BY ALL
), running AS (
    SELECT *,
        sum(n) OVER (PARTITION BY {partition}, step IS NULL ORDER BY step) AS upto,
        sum(n) OVER (PARTITION BY {partition}, step IS NULL) AS timed
    FROM steps
)
SELECT {keys}
    sum(n)::BIGINT AS calls,
    coalesce(sum(failed), 0)::BIGINT AS failures,
    share(coalesce(sum(failed), 0), sum(told)) AS failure_share,
    coalesce(sum(accepted), 0)::BIGINT AS accepted,
    coalesce(sum(rejected), 0)::BIGINT AS rejected,
    share(coalesce(sum(rejected), 0), coalesce(sum(rejected), 0) + coalesce(sum(told), 0)) AS rejected_share,
    step_ms(min(step) FILTER (upto >= 0.5 * timed)) AS p50_ms,
    step_ms(min(step) FILTER (upto >= 0.95 * timed)) AS p95_ms
FROM running
GROUP BY ALL
