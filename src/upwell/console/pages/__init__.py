"""The pages, in the order of the navigation: a module per page, each a function from a visit to what its template shows."""

from upwell.console.pages.adoption import ADOPTION
from upwell.console.pages.delivery import DELIVERY
from upwell.console.pages.models import MODELS
from upwell.console.pages.overview import OVERVIEW
from upwell.console.pages.page import Page
from upwell.console.pages.privacy import PRIVACY
from upwell.console.pages.prompts import PROMPTS
from upwell.console.pages.rhythm import RHYTHM
from upwell.console.pages.sessions import PROMPT, SESSION, SESSIONS
from upwell.console.pages.setup import HEARD, SETUP
from upwell.console.pages.tools import TOOLS

PAGES: tuple[Page, ...] = (OVERVIEW, TOOLS, PROMPTS, MODELS, ADOPTION, RHYTHM, SESSIONS, SESSION, PROMPT, DELIVERY, SETUP, HEARD, PRIVACY)

__all__ = ["DELIVERY", "PAGES", "SETUP", "Page"]
