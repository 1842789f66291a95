"""Random studies of random changes of small cases, against properties that must hold: script/campaign.

What is expected here comes from docs/headroom.md and plain NumPy (``case.py``, ``powerflow.py``), never from the
package that is tried.
"""
