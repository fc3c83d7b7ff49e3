SELECT {keys}
    count(DISTINCT session) AS sessions,
    coalesce(sum(skill_uses), 0)::BIGINT AS activations
FROM facts
GROUP BY ALL
