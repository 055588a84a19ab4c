-- Which sites have data, since when, and until when. Reads loss_cube only (25 months); `views` are measured page views of people and of the
-- simulation alike.
--
-- Parameters: none. Cost: site, day and n of loss_cube.
SELECT
    site,
    sum(n) AS views,
    min(day) AS first_day,
    max(day) AS last_day
FROM loss_cube
GROUP BY site
HAVING views > 0
ORDER BY site
LIMIT 1000
