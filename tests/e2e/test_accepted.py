"""What is taken is kept, and what is not kept is refused."""

import pytest


def test_tools_find_what_they_own_by_managed(server):
    mapping = server.create("propertymappings/provider/scope/", name="m", scope_name="m", expression="return {}", managed="tool.example/m")
    assert mapping["managed"] == "tool.example/m"
    assert server.one("propertymappings/provider/scope/", managed="tool.example/m")["pk"] == mapping["pk"]
    taken = server.create("propertymappings/provider/scope/", 400, name="n", scope_name="n", expression="return {}", managed="tool.example/m")
    assert "managed" in taken
    token = server.create("core/tokens/", identifier="t", managed="tool.example/t")
    assert token["managed"] == "tool.example/t"
    assert server.one("core/tokens/", managed="tool.example/t")["identifier"] == "t"
    assert "managed" in server.create("core/tokens/", 400, identifier="u", managed="tool.example/t")
    assert server.patch("core/tokens/t/", managed=None)["managed"] is None


def test_a_token_that_is_managed_keeps_its_intent(server):
    """Tokens of the server's own intents are made by the server alone."""
    server.create("core/tokens/", identifier="t", managed="tool.example/t")
    for intent in ("recovery", "verification"):
        assert "intent" in server.api("PATCH", "core/tokens/t/", 400, json={"intent": intent}).json()


def test_the_last_sign_in_of_an_account_that_moves_here_is_kept(server):
    moved = server.create("core/users/", username="moved", name="Moved", last_login="2024-05-01T10:00:00Z")
    assert moved["last_login"].startswith("2024-05-01T10:00:00")
    path = f"core/users/{moved['pk']}/"
    assert server.patch(path, name="Other")["last_login"] == moved["last_login"]
    assert server.patch(path, last_login="2024-06-01T10:00:00Z")["last_login"].startswith("2024-06-01")
    server.api("PATCH", path, 400, json={"last_login": "yesterday"})


@pytest.mark.parametrize("links", [None, "text", {}, 7, ["text"], [{}], [{"name": ""}], [{"name": "x", "href": "javascript:alert(1)"}], [{"name": 1}]])
def test_footer_links_are_links(server, links):
    server.api("PATCH", "admin/settings/", 400, json={"footer_links": links})
    assert server.get("core/brands/current/")["ui_footer_links"] == []


def test_good_footer_links_come_back_as_written(server):
    links = [{"name": "Imprint", "href": "https://x.example/imprint"}, {"name": "Only text"}, {"name": "Mail", "href": "mailto:x@x.example"}]
    assert server.patch("admin/settings/", footer_links=links)["footer_links"] == links
    assert server.get("core/brands/current/")["ui_footer_links"] == links


@pytest.mark.parametrize("path", ["stages/email/", "stages/authenticator/email/"])
def test_mail_is_sent_from_an_address(server, path):
    for wrong in ("nobody", "a b@x.example", "x" * 250 + "@x.example"):
        assert "from_address" in server.create(path, 400, name="m", from_address=wrong)
    assert server.create(path, name="m", from_address="login@x.example")["from_address"] == "login@x.example"


def test_a_webhook_without_its_address_is_told_of_by_its_field(server):
    refused = server.create("events/transports/", 400, name="t", mode="webhook")
    assert refused == {"webhook_url": ["Webhook URL may not be empty."]}


def test_the_document_says_what_is_sent(server):
    document = server.api("GET", "schema/", 200, params={"format": "json"}).json()
    for path in ("/core/applications/{slug}/set_icon/", "/flows/instances/{slug}/set_background/", "/flows/instances/import/"):
        assert list(document["paths"][path]["post"]["requestBody"]["content"]) == ["multipart/form-data"]
    assert "204" in document["paths"]["/core/users/impersonate_end/"]["get"]["responses"]
    schemas = document["components"]["schemas"]
    assert "context" not in schemas["PolicyTestRequest"]["required"]
    assert schemas["UsedByActionEnum"]["enum"] == ["cascade", "cascade_many", "set_null", "set_default"]
