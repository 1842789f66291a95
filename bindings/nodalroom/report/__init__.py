"""The HTML report of a headroom study: one file that opens offline."""

from .page import study_page

__all__ = ["study_page"]
