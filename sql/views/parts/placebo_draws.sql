        -- Each conversion of a stratum falls to a bucket by chance, as often as that has views: 40 draws, the same ones each time.
        SELECT
            concat(toString(draw), ' ', site) AS part, toDate(0) AS day, country, page_group, device, nav,
            toUInt8(b) AS bucket, all_by[b + 1] AS n, toInt64(countEqual(hits, b)) AS k, toInt64(0) AS exits, toInt64(0) AS t_ms
        FROM
        (
            SELECT
                site, country, page_group, device, nav, draw, all_by,
                arrayMap(
                    j -> arrayCount(up_to -> up_to <= cityHash64(site, country, page_group, device, nav, draw, j) % all_n, arrayCumSum(all_by)),
                    range(toUInt64(greatest(0, least(all_k, all_n))))
                ) AS hits
            FROM
            (
                SELECT
                    site, country, page_group, device, nav,
                    arrayMap(views -> greatest(views, 0), sumResample(0, 14, 1)(n, bucket)) AS all_by,
                    arraySum(all_by) AS all_n,
                    sum(k) AS all_k
                FROM loss_cube
                WHERE {{ '' if every_site else 'site = {site:String} AND ' }}day >= {{ from_day }} AND day < {{ to_day }}
                GROUP BY site, country, page_group, device, nav
                HAVING all_n > 0
            )
            ARRAY JOIN range(1, 41) AS draw
        )
        ARRAY JOIN range(14) AS b
