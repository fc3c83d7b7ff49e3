WITH steps AS (
    SELECT {keys} step, tool, sum(calls) AS n, sum(calls) FILTER (NOT success) AS failed, sum(calls) FILTER (success IS NOT NULL) AS told
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
    count(DISTINCT tool) AS tools,
    coalesce(sum(failed), 0)::BIGINT AS failures,
    share(coalesce(sum(failed), 0), sum(told)) AS failure_share,
    step_ms(min(step) FILTER (upto >= 0.5 * timed)) AS p50_ms,
    step_ms(min(step) FILTER (upto >= 0.95 * timed)) AS p95_ms
FROM running
GROUP BY ALL
