"""The archive: articles, coverage and cached signals as Parquet files, one a day of observation."""
