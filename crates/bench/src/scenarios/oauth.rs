//! What few clients use of OAuth 2.0: codes of devices (RFC 8628), tokens bound to a key (RFC 9449),
//! tokens for tokens (RFC 8693).

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use countersign_model::{Clock as _, Entropy as _};
use countersign_store::{SystemClock, SystemEntropy};
use serde_json::{Value, json};

use super::{App, SIGNATURE, World, executor, flow, walk};
use crate::BenchError;
use crate::client::Client;
use crate::report::Row;

const TOKEN: &str = "/application/o/token/";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS: &str = "urn:ietf:params:oauth:token-type:access_token";

fn text(answer: &Value, name: &str) -> String {
    answer.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl World<'_> {
    /// All of it: the device asks, somebody who has signed in allows it, the device gets its
    /// tokens.
    pub(super) async fn device(&self, app: &App) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "device code, all of it (RS256)";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let mut api = self.administrator().await?;
        let made = json!({
            "name": "Bench device", "slug": "bench-device", "title": "Connect a device", "designation": "stage_configuration",
            "authentication": "require_authenticated",
        });
        api.post("/api/v3/flows/instances/", &made).await?.expect("flow", 201)?;
        let chosen = json!({"flow_device_code": flow(&mut api, "bench-device").await?});
        let brands = api.get("/api/v3/core/brands/").await?.expect("brands", 200)?.json();
        let brand = brands.pointer("/results/0").map(|brand| text(brand, "brand_uuid"));
        let path = format!("/api/v3/core/brands/{}/", brand.unwrap_or_default());
        api.patch(&path, &chosen).await?.expect("brand", 200)?;
        let (id, secret) = (app.id.clone(), app.secret.clone());
        let work = async move |client: &mut Client| {
            let asked = [("client_id", id.as_str()), ("scope", "openid profile")];
            let codes = client.form("/application/o/device/", &asked).await?;
            let codes = codes.expect("device", 200)?.json();
            let (page, _) =
                client.follow(&format!("/device?code={}", text(&codes, "user_code"))).await?;
            let Some(path) = executor(&page) else {
                return Err(BenchError::Answer { operation: "device", problem: page });
            };
            walk(client, &path, "ak-provider-oauth2-device-code-finish", |component| {
                (component == "countersign-device-confirm").then(|| json!({"answer": "allow"}))
            })
            .await?;
            let device = text(&codes, "device_code");
            let fields = [
                ("grant_type", DEVICE),
                ("device_code", device.as_str()),
                ("client_id", id.as_str()),
                ("client_secret", secret.as_str()),
            ];
            client.form(TOKEN, &fields).await?.expect("device", 200).map(|_| true)
        };
        let row = self.drive(NAME, self.signed_in().await?, work).await?;
        Ok(vec![row.against(SIGNATURE, 2.0)])
    }

    /// As `client_credentials`, each time with a proof of its own.
    pub(super) async fn bound_to_a_key(&self, app: &App) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "client_credentials, DPoP (RS256)";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|_| {
            BenchError::Answer { operation: "DPoP", problem: "no key can be made".to_owned() }
        })?;
        let endpoint = format!("http://{}{TOKEN}", self.options.address);
        let clients = self.clients(|client| client.basic(&app.id, &app.secret)).await?;
        let work = async move |client: &mut Client| {
            client.headers = vec![("DPoP", proof(&key, &endpoint))];
            let fields = [("grant_type", "client_credentials"), ("scope", "openid profile")];
            client.form(TOKEN, &fields).await?.expect("DPoP", 200).map(|_| true)
        };
        Ok(vec![self.drive(NAME, clients, work).await?.against(SIGNATURE, 2.0)])
    }

    /// A service that was called calls another one.
    pub(super) async fn token_for_a_token(&self, app: &App) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "token exchange (RS256)";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let mut api = self.administrator().await?;
        let mut provider = self.oauth_provider(&mut api).await?;
        let own = json!({
            "grant_types": ["client_credentials", EXCHANGE], "jwt_federation_providers": [app.number],
        });
        provider = super::with(&provider, own);
        let made = self.provide(&mut api, "oauth2", "Exchange", &provider).await?;
        let exchanging = App::of(&made);
        let mut front = self.client().await?.basic(&app.id, &app.secret);
        let fields = [("grant_type", "client_credentials"), ("scope", "openid profile")];
        let subject = front.form(TOKEN, &fields).await?.expect("subject", 200)?.json();
        let subject = text(&subject, "access_token");
        let clients =
            self.clients(|client| client.basic(&exchanging.id, &exchanging.secret)).await?;
        let work = async move |client: &mut Client| {
            let fields = [
                ("grant_type", EXCHANGE),
                ("subject_token", subject.as_str()),
                ("subject_token_type", ACCESS),
                ("scope", "openid"),
            ];
            client.form(TOKEN, &fields).await?.expect("token exchange", 200).map(|_| true)
        };
        // There is no id token.
        Ok(vec![self.drive(NAME, clients, work).await?.against(SIGNATURE, 1.0)])
    }
}

/// RFC 9449, section 4.2.
fn proof(key: &EcdsaKeyPair, endpoint: &str) -> String {
    let point = key.public_key().as_ref();
    let half = |from| URL_SAFE_NO_PAD.encode(point.get(from..from + 32).unwrap_or_default());
    let jwk = json!({"kty": "EC", "crv": "P-256", "x": half(1), "y": half(33)});
    let header = json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk});
    let said = json!({
        "jti": SystemEntropy.token(24), "htm": "POST", "htu": endpoint, "iat": SystemClock.now().seconds(),
    });
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(said));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes());
    let signature = signature.map_or_else(|_| String::new(), |one| URL_SAFE_NO_PAD.encode(one));
    format!("{signed}.{signature}")
}
