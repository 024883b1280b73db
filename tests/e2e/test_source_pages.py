"""Federation and Social login in the interface: making a SAML source, and what its page tells the other side."""

from playwright.sync_api import expect

from test_interface import administrator, opened

LABELS = (
    "Name",
    "Slug",
    "Enabled",
    "User matching mode",
    "Group matching mode",
    "SSO URL",
    "SLO URL",
    "Issuer",
    "Binding type",
    "Pre-authentication flow",
)


def tab(name):
    return f"/core/sources/partner;%7B%22page%22%3A%22page-{name}%22%7D"


def test_a_saml_source_is_made_by_its_form(server, browser):
    window = administrator(server, browser, "source-form")
    opened(window, "/administration/overview")
    window.menu("Directory", "Federation and Social login")
    window.see("No sources yet")
    window.press("Create")
    window.page.get_by_role("button", name="SAML Source", exact=True).click()
    form = window.page.locator("form").first
    for label in LABELS:
        expect(form.get_by_text(label, exact=True).first).to_be_attached()
    window.picture("form")
    assert window.barriers() == []
    window.fill("Name", "Partner")
    expect(window.page.get_by_label("Slug", exact=True)).to_have_value("partner")
    window.fill("SSO URL", "https://login.partner.example/sso")
    form.get_by_role("button", name="Create").click()
    window.see("Source Partner created.")
    made = server.get("sources/saml/partner/")
    assert made["sso_url"] == "https://login.partner.example/sso"
    assert made["pre_authentication_flow"] == server.flow("default-source-pre-authentication")
    assert not window.problems, window.problems


def test_the_page_of_a_source_says_what_to_enter_at_the_identity_provider(server, browser):
    flow = server.flow("default-source-pre-authentication")
    made = server.create(
        "sources/saml/",
        name="Partner",
        slug="partner",
        sso_url="https://login.partner.example/sso",
        pre_authentication_flow=flow,
        signing_kp=server.signing_key(),
    )
    window = administrator(server, browser, "source-page")
    window.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=server.base)
    opened(window, "/core/sources")
    window.follow("Partner")
    window.see("No identification stage offers this source")
    told = window.page.get_by_role("region", name="What to enter at the identity provider")
    expect(told.get_by_role("group", name="ACS URL")).to_contain_text(f"{server.base}/source/saml/partner/acs/")
    expect(told.get_by_role("group", name="Entity ID")).to_contain_text("/source/saml/partner/")
    expect(told.get_by_role("group", name="Signing certificate")).to_contain_text("BEGIN CERTIFICATE")
    with window.page.expect_download() as download:
        told.get_by_role("link", name="Download metadata").click()
    assert "EntityDescriptor" in download.value.path().read_text()
    window.picture("overview")
    assert window.barriers() == []

    opened(window, tab("metadata"))
    window.see("EntityDescriptor")
    window.press("Copy metadata")
    window.see("Copied")
    assert "AssertionConsumerService" in window.page.evaluate("navigator.clipboard.readText()")
    opened(window, tab("connections"))
    window.see("Nobody is connected yet")
    opened(window, tab("policy-bindings"))
    window.see("everybody whom this source knows may sign in by it")
    opened(window, tab("changelog"))
    window.see("Partner")

    stage = server.one("stages/identification/", name="default-authentication-identification")
    server.patch(f"stages/identification/{stage['pk']}/", sources=[made["pk"]])
    opened(window, "/core/sources/partner")
    expect(window.page.get_by_text("No identification stage offers")).to_have_count(0)
    server.patch("sources/saml/partner/", enabled=False)
    opened(window, "/core/sources/partner")
    window.see("This source is disabled")

    window.press("More actions")
    window.page.get_by_role("menuitem", name="Delete").click()
    window.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    window.see("No sources yet")
    assert server.get("sources/all/")["pagination"]["count"] == 0
    assert not window.problems, window.problems


def test_a_saml_source_is_made_of_the_metadata_of_its_identity_provider(server, browser):
    application = server.application("wiki", name="Wiki")
    flows = {"authorization_flow": "authorization-implicit-consent", "invalidation_flow": "invalidation-flow"}
    made = server.create(
        "providers/saml/",
        name="idp",
        acs_url="https://sp.example/acs",
        issuer="https://id.partner.example/idp",
        signing_kp=server.signing_key(),
        **{name: server.flow(f"default-provider-{slug}") for name, slug in flows.items()},
    )
    server.patch(f"core/applications/{application.slug}/", provider=made["pk"])
    metadata = server.get(f"providers/saml/{made['pk']}/metadata/")["metadata"]
    window = administrator(server, browser, "source-metadata")
    opened(window, "/core/sources/new")
    window.page.get_by_role("button", name="SAML Source from Metadata").click()
    window.fill("Name", "Partner login")
    expect(window.page.get_by_label("Slug", exact=True)).to_have_value("partner-login")
    window.fill("Metadata", metadata)
    window.picture("import")
    assert window.barriers() == []
    window.press("Create")
    window.see("Partner login created.")
    expect(window.page.get_by_role("heading", level=1)).to_contain_text("Partner login")
    source = server.get("sources/saml/partner-login/")
    assert source["sso_url"] == server.get(f"providers/saml/{made['pk']}/")["url_sso_redirect"]
    assert not window.problems, window.problems
