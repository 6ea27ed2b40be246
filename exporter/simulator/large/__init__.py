"""A world of a million jobs behind the same doors: for measuring, where the living world is for trying.

Jobs are numbers in columns; a row is made by the living world's own classes when it is first listed, and kept
as it goes over the wire. The world stands still at one moment: nothing moves while a list is read, and
durations do not grow. Gates, paths, parameters and envelopes are those of the simulated clouds.
"""
