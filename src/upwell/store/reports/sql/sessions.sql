WITH sittings AS (
    SELECT {keys} session, sum(prompts) AS prompts, (max(last_ns) - min(first_ns)) / 60e9 AS minutes
    FROM facts
    GROUP BY ALL
    HAVING bool_or(sits)
)
SELECT {keys}
    count(session) AS sessions,
    coalesce(sum(prompts), 0)::BIGINT AS prompts,
    avg(prompts) AS mean_prompts,
    quantile_cont(prompts, 0.5)::DOUBLE AS median_prompts,
    quantile_cont(prompts, 0.9)::DOUBLE AS p90_prompts,
    quantile_cont(minutes, 0.5) AS median_minutes,
    quantile_cont(minutes, 0.9) AS p90_minutes,
    count(session) FILTER (minutes <= 5) AS up_to_5_minutes,
    count(session) FILTER (minutes > 5 AND minutes <= 30) AS up_to_30_minutes,
    count(session) FILTER (minutes > 30 AND minutes <= 120) AS up_to_2_hours,
    count(session) FILTER (minutes > 120) AS longer
FROM sittings
GROUP BY ALL
