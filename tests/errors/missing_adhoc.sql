SELECT * FROM 'no-such.json';
