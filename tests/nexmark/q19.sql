-- q19: The ten highest bids of each auction.

SELECT auction, bidder, price, channel, `dateTime`, rank_number
FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY auction ORDER BY price DESC) AS rank_number FROM bid)
WHERE rank_number <= 10;
