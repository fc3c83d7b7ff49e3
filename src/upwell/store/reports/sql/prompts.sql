-- A prompt has a row per hour. The few that have several are put together; what never shows its prompt is left out.
WITH parts AS (
    SELECT DISTINCT prompt FROM facts WHERE prompts = 0
), asked AS (
    SELECT {keys} prompts, prompt_length, tool_calls, api_requests, tokens, cost_usd, failures
    FROM facts ANTI JOIN parts USING (prompt)
    UNION ALL
    SELECT {keys} sum(prompts), max(prompt_length), sum(tool_calls), sum(api_requests), sum(tokens), sum(cost_usd), sum(failures)
    FROM (SELECT {keys} prompt, prompts, prompt_length, tool_calls, api_requests, tokens, cost_usd, failures FROM facts SEMI JOIN parts USING (prompt))
    GROUP BY {keys} prompt
    HAVING sum(prompts) > 0
)
SELECT {keys}
    coalesce(sum(prompts), 0)::BIGINT AS prompts,
    quantile_disc(prompt_length, [0.5, 0.9])[1] AS median_length,
    quantile_disc(prompt_length, [0.5, 0.9])[2] AS p90_length,
    share(sum(tool_calls), sum(prompts)) AS calls_per_prompt,
    share(sum(api_requests), sum(prompts)) AS requests_per_prompt,
    share(sum(tokens), sum(prompts)) AS tokens_per_prompt,
    share(sum(cost_usd), sum(prompts)) AS cost_per_prompt_usd,
    share(count(*) FILTER (failures > 0), count(*)) AS error_share
FROM asked
GROUP BY ALL
