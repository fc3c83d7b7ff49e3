WITH asked AS (
    SELECT {keys} prompt,
        sum(prompts) AS prompts, max(prompt_length) AS length, sum(tool_calls) AS calls, sum(api_requests) AS requests,
        sum(tokens) AS tokens, sum(cost_usd) AS cost, sum(failures) AS failures
    FROM facts
    GROUP BY ALL
    HAVING sum(prompts) > 0
)
SELECT {keys}
    coalesce(sum(prompts), 0)::BIGINT AS prompts,
    quantile_disc(length, 0.5) AS median_length,
    quantile_disc(length, 0.9) AS p90_length,
    share(sum(calls), sum(prompts)) AS calls_per_prompt,
    share(sum(requests), sum(prompts)) AS requests_per_prompt,
    share(sum(tokens), sum(prompts)) AS tokens_per_prompt,
    share(sum(cost), sum(prompts)) AS cost_per_prompt_usd,
    share(count(*) FILTER (failures > 0), count(*)) AS error_share
FROM asked
GROUP BY ALL
