"""Measures nodalroom beside its peers: same network, same work, answers compared before any time counts."""
