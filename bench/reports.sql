-- One day of a made-up organisation: $prompts prompts by $people people, each with what it causes, $rows_of_a_prompt rows with its own.
INSERT INTO events BY NAME
WITH asked AS (
    SELECT n, drawn(n, $day) % $people AS who, 7 + drawn(n, $day + 100) % 12 AS hour, drawn(n, $day + 200) % 3600 AS second
    FROM range($prompts) AS numbers(n)
), rows AS (
    SELECT asked.*, part, drawn(n, $day * 16 + part + 300) AS dice FROM asked, range($rows_of_a_prompt) AS parts(part)
), typed AS (
    SELECT *,
        ['claude-code', 'claude-code', 'claude-code', 'codex', 'gemini-cli', 'copilot-cli', 'cursor', 'opencode']
            [1 + (who + hour // 8) % 8] AS agent,
        CASE
            WHEN part = 0 THEN 'prompt'
            WHEN part % 2 = 0 THEN 'api_request'
            WHEN part = 15 AND dice % 40 = 0 THEN 'error'
            WHEN part = 15 AND dice % 11 = 0 THEN 'edit'
            WHEN part = 15 AND dice % 50 = 1 THEN 'commit'
            ELSE 'tool_call' END AS kind
    FROM rows
)
SELECT
    uuid() AS id,
    $start + (hour * 3600 + second + part * 7) * 1000000000::BIGINT + dice % 1000000 AS time_ns,
    kind, agent, agent || '/1' AS dialect, 'logs' AS signal,
    'key' || who AS key_id,
    '2.1.' || (200 + $day // 7) AS agent_version,
    'p-' || lpad(to_hex(hash(who)), 16, '0') AS person,
    false AS claimed,
    'team-' || (who % 24) AS team,
    'department-' || (who % 5) AS department,
    'c' || (who % 24) AS cost_center,
    'acme' AS organization,
    's-' || who || '-' || $day || '-' || hour // 3 AS session,
    'q-' || $day || '-' || n AS prompt,
    CASE WHEN kind IN ('api_request', 'error')
        THEN ['claude-sonnet-5', 'claude-opus-4-5', 'gpt-5-codex', 'gemini-3-pro', 'haiku'][1 + (who + part) % 5] END AS model,
    CASE WHEN kind = 'api_request' THEN dice % 3000 END AS input_tokens,
    CASE WHEN kind = 'api_request' THEN dice % 900 END AS output_tokens,
    CASE WHEN kind = 'api_request' THEN dice % 40000 END AS cache_read_tokens,
    CASE WHEN kind = 'api_request' THEN dice % 5000 END AS cache_creation_tokens,
    CASE WHEN kind = 'api_request' AND dice % 20 > 0 THEN dice % 1000 / 10000 END AS cost_usd,
    CASE WHEN kind = 'api_request' THEN CASE WHEN dice % 20 > 0 THEN 'priced' ELSE 'unknown' END END AS cost_source,
    CASE WHEN kind = 'tool_call' AND dice % 12 > 0 THEN exp(dice % 1000 / 80) END AS duration_ms,
    CASE WHEN kind = 'tool_call'
        THEN ['Read', 'Bash', 'Edit', 'Grep', 'Glob', 'Write', 'Task', 'mcp__github__search', 'mcp__jira__get', 'WebFetch',
            'TodoWrite', 'Read', 'Bash', 'Edit'][1 + dice % 14] END AS tool,
    CASE WHEN kind = 'tool_call' AND dice % 14 = 7 THEN 'github' WHEN kind = 'tool_call' AND dice % 14 = 8 THEN 'jira' END AS mcp_server,
    CASE WHEN kind = 'api_request' AND dice % 9 = 0 THEN 'explore' END AS subagent,
    CASE WHEN kind = 'tool_call' AND dice % 30 > 0 THEN dice % 17 > 0 END AS success,
    CASE WHEN kind = 'tool_call' AND dice % 30 = 0 THEN 'reject' WHEN kind = 'edit' THEN 'accept' END AS decision,
    1 AS count,
    CASE WHEN kind = 'edit' THEN dice % 80 END AS lines_added,
    CASE WHEN kind = 'edit' THEN dice % 30 END AS lines_removed,
    CASE WHEN kind = 'prompt' THEN exp(dice % 1000 / 110)::BIGINT END AS prompt_length,
    1 AS attempts,
    CASE WHEN kind = 'error' THEN ['429', '529', 'timeout'][1 + dice % 3] END AS error,
    'repo-' || (who % 40) AS repository,
    false AS stand_in,
    'made' AS source_segment,
    n AS source_seq
FROM typed
