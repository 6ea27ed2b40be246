"""What `make bench` runs: the exporter side by side with what a user would write instead.

Clouds and contenders are processes of their own; the contenders take turns in the same run, and what is
told are medians of ratios. Nothing here is a test: a figure may miss its target, and then says so.
"""
