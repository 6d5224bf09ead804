"""What the report on the data counts, and the page that shows it."""
