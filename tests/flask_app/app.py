"""The guide's web application: Flask with Authlib, written-out addresses, roles from groups.

It behaves as the guide's program does: the same settings and defaults, the same addresses, the same
checks and the same answers. It is the proof that a program written for the original works unchanged.
"""

import functools
import logging
import os

import requests
from authlib.integrations.flask_client import OAuth
from flask import Flask, jsonify, redirect, session, url_for

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger(__name__)

BASE_URL = os.getenv("AUTHENTIK_BASE_URL", "http://server:9000")
PUBLIC_URL = os.getenv("AUTHENTIK_PUBLIC_URL", "http://localhost:9000")
FLASK_BASE_URL = os.getenv("FLASK_BASE_URL", "http://localhost:5000")

app = Flask(__name__)
app.secret_key = os.getenv("FLASK_SECRET_KEY", "your-secret-key-change-this")

oauth = OAuth(app)
oauth.register(
    name="authentik",
    client_id=os.getenv("AUTHENTIK_CLIENT_ID", "your-client-id"),
    client_secret=os.getenv("AUTHENTIK_CLIENT_SECRET", "your-client-secret"),
    authorize_url=f"{PUBLIC_URL}/application/o/authorize/",
    access_token_url=f"{BASE_URL}/application/o/token/",
    userinfo_endpoint=f"{BASE_URL}/application/o/userinfo/",
    jwks_uri=f"{BASE_URL}/application/o/flask-app/jwks/",
    client_kwargs={"scope": "openid profile email groups"},
)


def role_names(user):
    """Names count only where a group is an object with a name."""
    return [group["name"] for group in user.get("groups", []) if isinstance(group, dict) and "name" in group]


def requires(*roles):
    def decorate(view):
        @functools.wraps(view)
        def guarded(*args, **kwargs):
            if "user" not in session:
                return redirect(url_for("login"))
            held = role_names(session["user"])
            if not any(role in held for role in roles):
                refusal = {"error": "Insufficient permissions", "required_roles": list(roles), "user_roles": held}
                return jsonify(refusal), 403
            return view(*args, **kwargs)

        return guarded

    return decorate


@app.route("/")
def index():
    return jsonify(user=session.get("user"))


@app.route("/login")
def login():
    return oauth.authentik.authorize_redirect(url_for("auth_callback", _external=True))


@app.route("/callback")
def auth_callback():
    try:
        token = oauth.authentik.authorize_access_token()
        user = dict(token["userinfo"])
        answer = requests.get(
            f"{BASE_URL}/api/v3/core/users/me/",
            headers={"Authorization": f"Bearer {token['access_token']}"},
            timeout=10,
        )
        if answer.status_code == 200:
            user["groups"] = answer.json().get("groups_obj", [])
        session["user"] = user
        session["access_token"] = token["access_token"]
        logger.info("User %s logged in successfully", user.get("email"))
        return redirect(url_for("index"))
    except Exception as error:
        logger.exception("Sign-in failed")
        return jsonify(error=f"{type(error).__name__}: {error}"), 400


@app.route("/logout")
def logout():
    access_token = session.get("access_token")
    session.clear()
    if not access_token:
        return redirect(url_for("index"))
    back = url_for("index", _external=True)
    return redirect(f"{PUBLIC_URL}/application/o/flask-app/end-session/?post_logout_redirect_uri={back}")


@app.route("/admin")
@requires("Admin", "Administrators")
def admin_dashboard():
    return jsonify(page="admin")


@app.route("/user")
@requires("User", "Users", "Admin", "Administrators")
def user_dashboard():
    return jsonify(page="user")


@app.route("/health")
def health():
    return jsonify(status="healthy")


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=int(os.getenv("PORT", "5000")))
