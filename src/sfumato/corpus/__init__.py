"""Captioned pictures to train on: parquet files or plain folders in, rows and 8-bit RGB arrays out."""
