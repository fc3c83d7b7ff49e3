SELECT {keys}
    coalesce(sum(api_requests), 0)::BIGINT AS api_requests,
    coalesce(sum(retried_requests), 0)::BIGINT AS retried_requests,
    share(sum(retried_requests), sum(api_requests)) AS retried_share,
    coalesce(sum(errors), 0)::BIGINT AS errors,
    share(sum(errors), sum(api_requests + errors)) AS error_share
FROM facts
GROUP BY ALL
