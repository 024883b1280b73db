//! Assertions.

use serde_json::json;

use super::{SIGNATURE, World, executor, signing_key, with};
use crate::BenchError;
use crate::client::Client;
use crate::report::Row;

impl World<'_> {
    /// Somebody who has signed in is brought to an application of SAML.
    pub(super) async fn assertion(&self) -> Result<Vec<Row>, BenchError> {
        const NAME: &str = "SAML assertion (RSA-SHA256)";
        if !self.wants(NAME) {
            return Ok(Vec::new());
        }
        let mut api = self.administrator().await?;
        let mappings = "/api/v3/propertymappings/provider/saml/";
        let mappings = api.get(mappings).await?.expect("mappings", 200)?.json();
        let mappings = mappings.get("results").and_then(serde_json::Value::as_array);
        let mappings: Vec<_> =
            mappings.into_iter().flatten().filter_map(|mapping| mapping.get("pk")).collect();
        let provider = json!({
            "acs_url": "https://saml.bench.test/acs", "issuer": "bench", "audience": "bench", "sp_binding": "post",
            "signing_kp": signing_key(&mut api).await?, "sign_assertion": true, "sign_response": false,
            "property_mappings": mappings,
        });
        let provider = with(&self.flows(&mut api).await?, provider);
        self.provide(&mut api, "saml", "Bench SAML", &provider).await?;
        let work = async |client: &mut Client| {
            let (path, mut answer) =
                client.follow("/application/saml/bench-saml/sso/binding/init/").await?;
            if let Some(path) = executor(&path) {
                answer = client.get(&path).await?;
            }
            let answer = answer.expect("SAML", 200)?;
            if answer.body.windows(12).any(|part| part == b"SAMLResponse") {
                return Ok(true);
            }
            let problem = String::from_utf8_lossy(&answer.body).chars().take(300).collect();
            Err(BenchError::Answer { operation: "SAML", problem })
        };
        let row = self.drive(NAME, self.signed_in().await?, work).await?;
        Ok(vec![row.against(SIGNATURE, 1.0)])
    }
}
