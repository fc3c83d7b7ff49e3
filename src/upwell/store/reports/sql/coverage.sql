SELECT {keys}
    max("day") AS last_day
FROM facts
GROUP BY ALL
