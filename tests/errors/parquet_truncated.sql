SELECT * FROM 'errors/truncated.parquet';
