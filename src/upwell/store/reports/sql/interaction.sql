SELECT {keys}
    time_ns AS at,
    round((time_ns - min(time_ns) OVER ()) / 1e9, 3) AS after,
    kind, agent, model, tool, mcp_server, skill, subagent, success, decision, error, duration_ms, prompt_length,
    input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens, cost_usd
FROM facts
ORDER BY time_ns, id
