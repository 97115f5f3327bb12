-- q20: Bids with the auctions of category 10.

SELECT B.auction, B.bidder, B.price, B.channel, B.`dateTime` AS bid_dateTime, A.itemName, A.initialBid, A.reserve, A.`dateTime` AS auction_dateTime, A.expires, A.seller, A.category
FROM bid AS B INNER JOIN auction AS A ON B.auction = A.id
WHERE A.category = 10;
