"""An independent computation of what the product answers, from the survey's CSV files alone.

Nothing here imports the product: rows are read with `csv`, figures are `fractions.Fraction`, and the small tables of
labels, notes and currencies are this package's own. The tests beside it ask the product through HTTP and compare.
"""
