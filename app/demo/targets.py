"""What the invented costs are made to look like: figures of the real survey, 2011-Q1 to 2013-Q3.

Source: World Bank, Remittance Prices Worldwide, 17,701 transparent rows of those seven rounds; computed once from
the published rows, rounded. Only these summary figures are here, none of the survey's rows. A test computes the
same figures from the shared sample, where it is present, and from a generated survey, and compares both.
"""

# The quantiles below stand at these percentages of the rows; between two of them values are taken linearly.
PERCENTS = (0, 1, 5, 10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98, 99, 100)

# In ten-thousandths of a percent of the principal (20000 is 2 %).
FEE_PERCENT = (
    *(1000, 5600, 16500, 20500, 27500, 35700, 42900, 50000, 60000, 76300, 96200, 150000, 182500, 250000, 300000),
    374500,
)
POSITIVE_MARGIN = (
    *(100, 900, 3600, 6000, 10000, 13500, 17200, 21400, 26700, 32200, 39000, 54600, 76500, 99800, 114300),
    170400,
)
# The size of a negative margin.
NEGATIVE_MARGIN = (100, 100, 400, 900, 1900, 3000, 4200, 5400, 7300, 10300, 15200, 27500, 43700, 62300, 90900, 120000)
# The larger tier's fee over the smaller one's, in thousandths: most fees do not grow with the amount.
FEE_RATIO = (1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000, 1400, 1700, 2490, 2500, 2570, 2800, 3000)

# Published totals and margins, in percent, which a generated survey has to come near.
MEDIAN_TOTAL_USD_200 = 7.03
MEDIAN_TOTAL_USD_500 = 4.60
DEVIATION_TOTAL_USD_200 = 6.58
DEVIATION_TOTAL_USD_500 = 3.74
MEDIAN_MARGIN = 1.49
NEGATIVE_MARGIN_SHARE = 0.0370
ZERO_FEE_SHARE = 0.0338

# Costs fall slowly: from 106 % of these figures in the first round to 94 % in the last (per mille).
FIRST_ROUND_LEVEL = 1060
LAST_ROUND_LEVEL = 940
