"""The HTTP face: it translates, the loop's online steps do the work."""

from holdfast.serving.app import create_app
from holdfast.serving.keys import Access, access_on
from holdfast.serving.limits import ServingLimits
from holdfast.serving.network import bind, check_bind
from holdfast.serving.runner import run

__all__ = ["Access", "ServingLimits", "access_on", "bind", "check_bind", "create_app", "run"]
