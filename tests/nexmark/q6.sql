-- q6: Average price of the last ten auctions of each seller. Flink cannot run it in any form.

SELECT seller, AVG(final) AS average
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY seller ORDER BY closed DESC, id DESC) AS latest
  FROM (
    SELECT A.id, A.seller, A.expires AS closed, MAX(B.price) AS final
    FROM auction AS A JOIN bid AS B ON A.id = B.auction
    WHERE B.`dateTime` BETWEEN A.`dateTime` AND A.expires
    GROUP BY A.id, A.seller, A.expires
  )
)
WHERE latest <= 10
GROUP BY seller;
