"""From result files to scores, tables, figures and the page. Nothing here loads torch."""
