SELECT {keys}
    session::VARCHAR AS session,
    any_value(agent) AS agent,
    min(first_ns) AS began,
    round((max(last_ns) - min(first_ns)) / 60e9, 1) AS minutes,
    sum(prompts)::BIGINT AS prompts,
    sum(api_requests)::BIGINT AS api_requests,
    sum(tool_calls)::BIGINT AS tool_calls,
    sum(errors)::BIGINT AS errors,
    sum(cost_usd) AS cost_usd
FROM facts
GROUP BY facts.session
HAVING bool_or(sits)
ORDER BY began DESC
LIMIT 1000
