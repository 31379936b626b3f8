"""The document behind /docs."""

from __future__ import annotations

import pytest


@pytest.fixture
def document(client):
    """As a browser gets it."""
    return client.get("/openapi.json").json()


def references(node):
    """Every $ref in a JSON document."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref":
                yield value
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


class TestOpenapi:
    def test_shows_the_models_own_features(self, document):
        """Names, types, which may be null, ranges and known words."""
        features = document["components"]["schemas"]["Features"]

        assert features["required"] == ["tenure", "charges", "senior", "plan"]
        properties = features["properties"]
        assert properties["tenure"]["type"] == "number"
        assert properties["tenure"]["examples"] == [29, 0, 72]
        assert "Whole numbers from 0 to 72" in properties["tenure"]["description"]
        assert properties["charges"]["type"] == ["number", "null"]
        assert properties["senior"]["type"] == "boolean"
        assert properties["plan"]["examples"] == ["monthly", "one year", "two years"]

    def test_does_not_forbid_unseen_categories(self, document):
        """They are accepted and counted, so an enum would be a lie."""
        assert "enum" not in document["components"]["schemas"]["Features"]["properties"]["plan"]

    def test_its_examples_are_accepted(self, client, document):
        """What "Try it out" sends must work as it stands."""
        for path in ("/v1/predict", "/v1/labels"):
            content = document["paths"][path]["post"]["requestBody"]["content"]
            for name, example in content["application/json"]["examples"].items():
                response = client.post(path, json=example["value"])

                assert response.status_code == 200, (path, name, response.text)

    def test_every_reference_leads_somewhere(self, document):
        """A document with loose ends shows nothing in Swagger UI."""
        schemas = document["components"]["schemas"]

        names = {ref.removeprefix("#/components/schemas/") for ref in references(document)}

        assert names
        assert names <= schemas.keys()

    def test_every_path_is_a_route(self, client, document):
        """What is described exists, and the other way round under /v1 and /health."""
        described = set(document["paths"])
        routed = {
            route.path
            for route in client.app.routes
            if route.path.startswith(("/v1", "/health", "/metrics"))
        }

        assert described == routed

    def test_answers_are_described_by_their_types(self, document):
        """The encoder's own types make the schemas, so they cannot differ."""
        schemas = document["components"]["schemas"]

        assert "prediction_id" in schemas["PredictionAnswer"]["properties"]
        assert "explanation" not in schemas["PredictionAnswer"]["required"]

    def test_without_a_model_it_says_what_to_do(self, world):
        """The page must open before the first training too."""
        with world.client() as client:
            response = client.get("/openapi.json")

        assert response.status_code == 200
        assert "holdfast train" in response.json()["info"]["description"]

    def test_follows_a_swap(self, client, serving):
        """It is made at request time."""
        serving.deploy("v2", bias=2.0)
        serving.champion.refresh()

        document = client.get("/openapi.json").json()

        assert "**v2**" in document["info"]["description"]

    def test_says_which_scope_a_key_needs(self, document):
        """So that "Authorize" works on /docs, and generated clients know where a key goes."""
        paths, schemes = document["paths"], document["components"]["securitySchemes"]

        assert schemes["bearer"]["scheme"] == "bearer"
        assert schemes["api_key"]["name"] == "X-API-Key"
        predict = paths["/v1/predict"]["post"]
        assert predict["security"] == [{"bearer": ["predict"]}, {"api_key": ["predict"]}, {}]
        assert {"401", "403"} <= predict["responses"].keys()
        assert "security" not in paths["/health/live"]["get"]
