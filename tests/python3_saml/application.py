"""An application made with python3-saml (Debian's python3-onelogin-saml2). It is asked by lines of JSON on its standard input, in
this order: who it is, the metadata of the identity provider, responses to sign in with, a response to have signed out with."""

import json
import sys
import urllib.parse

from onelogin.saml2.auth import OneLogin_Saml2_Auth
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.settings import OneLogin_Saml2_Settings

BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-"


def asked():
    return json.loads(sys.stdin.readline())


def answer(**value):
    print(json.dumps(value), flush=True)


own = asked()
settings = {
    "strict": True,
    "sp": {
        "entityId": own["entity"],
        "assertionConsumerService": {"url": own["acs"], "binding": BINDING + "POST"},
        "singleLogoutService": {"url": own["slo"], "binding": BINDING + "Redirect"},
        "NameIDFormat": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "x509cert": own["certificate"],
        "privateKey": own["key"],
    },
    "security": {
        "authnRequestsSigned": True,
        "logoutRequestSigned": True,
        "wantMessagesSigned": True,
        "wantAssertionsSigned": True,
        "wantAssertionsEncrypted": True,
        "rejectDeprecatedAlgorithm": True,
        "signatureAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "digestAlgorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
    },
}
sp_only = OneLogin_Saml2_Settings(settings, sp_validation_only=True)
answer(metadata=sp_only.get_sp_metadata().decode())

settings |= {"idp": OneLogin_Saml2_IdPMetadataParser.parse(asked()["metadata"])["idp"]}


def auth(address, **request):
    parts = urllib.parse.urlsplit(address)
    request = {"get_data": {}, "post_data": {}} | request
    return OneLogin_Saml2_Auth({"https": "on", "http_host": parts.netloc, "script_name": parts.path} | request, settings)


begun = auth(own["acs"])
answer(url=begun.login("state & (more)"))
known = None
while "finish" not in (response := asked()):
    ended = auth(own["acs"], post_data=response)
    ended.process_response(begun.get_last_request_id())
    if ended.is_authenticated():
        known = ended
        answer(name=ended.get_nameid(), attributes=ended.get_attributes())
    else:
        answer(refused=f"{ended.get_errors()} {ended.get_last_error_reason()}")

answer(url=known.logout("bye", known.get_nameid(), known.get_session_index(), name_id_format=known.get_nameid_format()))
query = asked()["query"]
out = auth(own["slo"], get_data=dict(urllib.parse.parse_qsl(query)), query_string=query)
out.process_slo(request_id=known.get_last_request_id())
answer(loggedOut=not out.get_errors(), why=f"{out.get_errors()} {out.get_last_error_reason()}")
