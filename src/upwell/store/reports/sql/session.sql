SELECT {keys}
    prompt::VARCHAR AS prompt,
    any_value(agent) AS agent,
    min(first_ns) AS began,
    round((max(last_ns) - min(first_ns)) / 1e9, 1) AS seconds,
    max(prompt_length) AS prompt_length,
    sum(api_requests)::BIGINT AS api_requests,
    sum(tool_calls)::BIGINT AS tool_calls,
    sum(failures)::BIGINT AS failures,
    sum(tokens)::BIGINT AS tokens,
    sum(cost_usd) AS cost_usd
FROM facts
WHERE session::VARCHAR = $session
GROUP BY facts.prompt
ORDER BY began
