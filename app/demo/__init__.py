"""A synthetic survey in the official layouts, to show, test and measure with: labelled synthetic everywhere."""
