"""Simulated clouds: PAI AIWorkSpace, Octopus, DataArts Studio and IAM on one port.

Written from the vendors' documents alone; nothing here is shared with the exporter's own reading of the
same documents, so that a mistake there cannot cancel out here. ``world`` says what is true at any moment,
the rest says it over HTTP the way the clouds would, mistakes of the network included.
"""
