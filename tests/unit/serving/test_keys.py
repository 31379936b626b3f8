"""What a request needs, what it shows, and whom a server is for."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.datastructures import Headers
from starlette.routing import Mount, Route

from holdfast.domain.errors import SettingsError
from holdfast.domain.keys import KeyScope, mint
from holdfast.serving import app as application
from holdfast.serving.keys import Access, access_on, needed_scope, presented_secret

AT = datetime(2026, 3, 1, tzinfo=UTC)
KEY = mint(scopes=(KeyScope.PREDICT,), at=AT, expires_at=AT + timedelta(days=1)).key
SCOPES = {
    "POST /v1/predict": KeyScope.PREDICT,
    "POST /v1/labels": KeyScope.LABEL,
    "GET /v1/predictions/{prediction_id}": KeyScope.READ,
    "GET /v1/model": KeyScope.READ,
    "GET /v1/status": KeyScope.READ,
    "GET /metrics": KeyScope.READ,
    "GET /openapi.json": KeyScope.READ,
    "GET /docs": KeyScope.READ,
    "GET /": KeyScope.READ,
    "GET /health/live": None,
    "GET /health/ready": None,
    "GET /static": None,
}


class TestNeededScope:
    def test_each_route_has_its_scope(self):
        """Whoever adds a route decides here who may ask."""
        routes = {
            f"{method} {route.path}": needed_scope(
                method, f"{route.path}/x" if isinstance(route, Mount) else route.path
            )
            for route in application._routes()
            if isinstance(route, Mount | Route)
            for method in getattr(route, "methods", {"GET"})
            if method != "HEAD"
        }

        assert routes == SCOPES

    @pytest.mark.parametrize(
        ("method", "path", "scope"),
        [
            ("HEAD", "/v1/model", KeyScope.READ),
            ("OPTIONS", "/v1/predict", KeyScope.READ),
            ("POST", "/v1/predict/", KeyScope.ADMIN),
            ("POST", "/v1/promote", KeyScope.ADMIN),
            ("DELETE", "/v1/predict", KeyScope.PREDICT),
            ("GET", "/v2/anything", KeyScope.READ),
            ("POST", "/health/live", KeyScope.ADMIN),
            ("GET", "/statically", KeyScope.READ),
            ("GET", "/health/live/x", KeyScope.READ),
        ],
    )
    def test_what_is_not_known_is_closed(self, method, path, scope):
        """A route that somebody forgot to name above must not stand open."""
        assert needed_scope(method, path) is scope


class TestPresentedSecret:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Authorization": "Bearer hf_x"},
            {"authorization": "bearer  hf_x "},
            {"X-API-Key": "hf_x"},
            {"X-API-Key": "hf_x", "Authorization": "Basic cHJveHk6cHJveHk="},
        ],
    )
    def test_is_found_in_either_header(self, headers):
        """Header names and scheme in any case; a proxy's own login does not hide it."""
        assert presented_secret(Headers(headers), reading=False) == "hf_x"

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Digest x"}])
    def test_is_none_if_none_was_sent(self, headers):
        """Which is another thing than a wrong one."""
        assert presented_secret(Headers(headers), reading=True) is None

    def test_is_a_browsers_password_where_nothing_changes(self):
        """A browser sends Basic along with what a foreign page makes it ask for."""
        headers = Headers({"Authorization": f"Basic {basic('me:hf_x')}"})

        assert presented_secret(headers, reading=True) == "hf_x"
        assert presented_secret(headers, reading=False) is None

    @pytest.mark.parametrize("credentials", ["", "é", "!!!!", "aGZfeA==", "/w=="])
    def test_is_empty_if_the_password_cannot_be_read(self, credentials):
        """No colon, no base64, no UTF-8: a wrong key, not a fault of the server."""
        headers = {"authorization": f"Basic {credentials}"}

        assert presented_secret(headers, reading=True) == ""


class TestAccessOn:
    @pytest.mark.parametrize("auth", ["auto", "required", "off"])
    def test_this_machine_needs_no_key_to_start(self, auth):
        """The first key may be made while it runs."""
        assert access_on("127.0.0.1", auth, [], now=AT) == Access(auth=auth)

    @pytest.mark.parametrize("auth", ["auto", "required"])
    def test_the_world_is_let_in_where_a_key_is_usable(self, auth):
        """Then every request is asked for one."""
        access = access_on("0.0.0.0", auth, [KEY], now=AT)

        assert access == Access(auth=auth, exposed=True)

    @pytest.mark.parametrize(
        "keys", [[], [replace(KEY, revoked_at=AT)], [replace(KEY, expires_at=AT + timedelta(1))]]
    )
    def test_the_world_is_refused_where_no_key_is_usable(self, keys):
        """The refusal names the command that makes one."""
        with pytest.raises(SettingsError, match=r"holdfast keys create --scope predict"):
            access_on("0.0.0.0", "auto", keys, now=AT + timedelta(days=1))

    def test_the_world_is_refused_where_keys_are_switched_off(self):
        """Whoever switched them off meant their own machine."""
        with pytest.raises(SettingsError, match='auth = "off"'):
            access_on("0.0.0.0", "off", [KEY], now=AT)
        with pytest.raises(ValueError, match="asks for keys"):
            Access(auth="off", exposed=True)


def basic(text):
    return base64.b64encode(text.encode()).decode()
