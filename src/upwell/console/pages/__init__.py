"""The pages, in the order of the navigation: a module per page, each a function from a visit to what its template shows."""

from upwell.console.pages.overview import OVERVIEW
from upwell.console.pages.page import Page
from upwell.console.pages.tools import TOOLS

PAGES: tuple[Page, ...] = (OVERVIEW, TOOLS)

__all__ = ["PAGES", "Page"]
