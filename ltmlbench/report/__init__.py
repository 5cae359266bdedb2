"""What a benchmark shows for itself: results.csv, table.md, report.html."""
