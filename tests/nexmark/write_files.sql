-- Writes the three streams into files.
CREATE TABLE person_file WITH ('connector'='filesystem', 'path'='${data}/person', 'format'='csv') AS SELECT * FROM person;
CREATE TABLE auction_file WITH ('connector'='filesystem', 'path'='${data}/auction', 'format'='csv') AS SELECT * FROM auction;
CREATE TABLE bid_file WITH ('connector'='filesystem', 'path'='${data}/bid', 'format'='csv') AS SELECT * FROM bid;
