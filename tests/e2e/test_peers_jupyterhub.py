"""JupyterHub with its oauthenticator, set up as the quick start of the interface says: signs people in, renews for many requests at once,
signs out and refuses."""

import base64
import concurrent.futures
import re
import secrets
import sys
import time

import pytest
import requests
import yaml

from world import ROOT, Person, Process, Refused, free_port, wait_for

QUICK_STARTS = ROOT / "web/src/quickstarts/oauth2/3-development.yaml"

# The hub alone, without the proxy that leads to people's notebooks; what it keeps of a sign-in is looked at again each second.
BESIDE = """
from jupyterhub.proxy import Proxy

class Nowhere(Proxy):
    should_start = False
    async def add_route(self, routespec, target, data): pass
    async def delete_route(self, routespec): pass
    async def get_all_routes(self): return {}

c.JupyterHub.proxy_class = Nowhere
c.JupyterHub.bind_url = c.JupyterHub.hub_bind_url = "@app@"
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.GenericOAuthenticator.scope = ["openid", "profile", "email", "offline_access"]
c.GenericOAuthenticator.enable_auth_state = True
c.GenericOAuthenticator.auth_refresh_age = 1
c.GenericOAuthenticator.manage_groups = True
c.GenericOAuthenticator.auth_state_groups_key = "oauth_user.groups"
c.GenericOAuthenticator.logout_redirect_url = "@end_session@"
"""


class JupyterHub(Process):
    def __init__(self, folder):
        super().__init__("jupyterhub")
        self.folder, self.port = folder, free_port()
        self.base = f"http://127.0.0.1:{self.port}"

    def serve(self, server, app):
        starts = yaml.safe_load(QUICK_STARTS.read_text())
        listed = next(value for value in starts.values() if isinstance(value, list)) if isinstance(starts, dict) else starts
        start = next(one for one in listed if one.get("slug") == "jupyterhub")
        text = start["settings"][0]["text"] + BESIDE
        document = app.discovery()
        values = {
            "app": self.base, "client_id": app.id, "client_secret": app.secret, "authorize": document["authorization_endpoint"],
            "token": document["token_endpoint"], "userinfo": document["userinfo_endpoint"], "end_session": document["end_session_endpoint"],
        }
        text = re.sub(r"@(\w+)@", lambda found: values[found.group(1)], text)
        (self.folder / "jupyterhub_config.py").write_text(text)
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        self.spawn([sys.executable, "-m", "jupyterhub"], {"JUPYTERHUB_CRYPT_KEY": key}, cwd=self.folder)

        def answers():
            assert self.is_alive(), "\n".join(self.lines()[-15:])
            return requests.get(f"{self.base}/hub/api/", timeout=5).status_code == 200

        wait_for(answers, 60, "JupyterHub")
        return self

    def close(self):
        self.stop()


def test_jupyterhub_signs_in_renews_signs_out_and_refuses(server, tmp_path):
    hub = JupyterHub(tmp_path)
    app = server.application(
        "hub", redirects=[f"{hub.base}/hub/oauth_callback"], scopes=["offline_access"], access_token_validity="seconds=3",
    )
    group = server.group("Staff")
    server.user("ida", ["Staff"])
    try:
        hub.serve(server, app)
        ida = Person(server, "ida")
        token = lambda person: person.get(f"{hub.base}/hub/token")
        assert "/hub/login" in token(ida).headers["Location"]
        page = ida.open(f"{hub.base}/hub/oauth_login?next=/hub/token")
        assert page.url == f"{hub.base}/hub/token" and "ida" in page.text, page.url
        # Its access token has ended: six requests at once renew by one refresh token, and none asks anybody to sign in.
        for _ in range(2):
            time.sleep(3.5)
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                answers = list(pool.map(lambda _: token(ida).status_code, range(6)))
            assert answers == [200] * 6, answers
        # Signed out there; here, since it sends no hint, the person is asked what else shall end.
        with pytest.raises(Refused) as ended:
            ida.open(f"{hub.base}/hub/logout")
        assert ended.value.args[0]["component"] == "ak-stage-session-end" and ida.me().status_code == 200
        assert "/hub/login" in token(ida).headers["Location"]
        # Who may not open it is refused here, and does not get there.
        server.create("policies/bindings/", target=app.application["pk"], group=group["pk"], order=0)
        server.user("gus")
        assert "You can’t open Hub" in Person(server, "gus").open(f"{hub.base}/hub/oauth_login").text
        # Who must not open it any more is asked to sign in at the next renewal.
        ida.open(f"{hub.base}/hub/oauth_login?next=/hub/token")
        server.patch(f"core/users/{server.one('core/users/', username='ida')['pk']}/", is_active=False)
        time.sleep(3.5)
        assert token(ida).status_code in (302, 403)
    finally:
        hub.close()
