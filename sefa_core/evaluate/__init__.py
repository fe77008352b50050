"""What does a direction change, and what does it leave alone? Measures of directions, with controls and intervals.

`evaluation.evaluate` runs them on a model and a pack and gives a record of plain values; `section.section_html` shows
one; `naming.proposals` reads names out of it. The formulas are in `effects`, `disentanglement`, `frechet` and
`diversity`. Importing this package alone loads nothing.
"""
