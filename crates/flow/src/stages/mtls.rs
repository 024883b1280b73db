//! Who somebody is, by the certificate that their browser has shown: to a listener of ours that asks
//! for one, or to a proxy that is trusted to name it.

use countersign_catalogue::CertificateKeyPair;
use countersign_catalogue::client_certificate::{self, Described, RevocationLists};
use countersign_core::{ClientCertificate, Identity};
use countersign_directory::username;
use countersign_model::{Choice, Code, Draft, FieldErrors, Kind, ObjectId, Problem, Ref};
use countersign_store::params;
use serde_json::{Map, Value, json};

use crate::error::FlowError;
use crate::kinds::Designation;
use crate::plan::{PendingUser, key};
use crate::run::Run;
use crate::stage::{AnyStage, Sentence, Stage, Step};

/// Whether people get on without a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum TlsMode {
    Optional,
    Required,
}

/// What a certificate says of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum CertAttribute {
    Subject,
    #[choice(label = "Common Name")]
    CommonName,
    Email,
}

/// What it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Choice)]
pub enum UserAttribute {
    Username,
    Email,
}

/// Signs people in by the certificate that their browser shows, from authorities that you choose.
#[derive(Debug, Clone, Kind)]
#[kind(
    family = dyn AnyStage,
    path = "stages/mtls",
    model = "authentik_stages_mtls.mutualtlsstage",
    title = "Mutual TLS Stage",
    component = "ak-stage-mtls-form",
    check = Self::check
)]
pub struct MutualTlsStage {
    #[field(unique, search, filter)]
    pub name: String,
    #[field(
        label = "Mode",
        help = "Optional: whoever has no certificate that counts goes on without one. \
                Required: nobody does.",
        start = "optional",
        filter
    )]
    pub mode: TlsMode,
    #[field(
        label = "Certificate authorities",
        help = "Certificates of who may vouch for people’s own. Without one no certificate counts.",
        default,
        filter
    )]
    pub certificate_authorities: Vec<Ref<CertificateKeyPair>>,
    #[field(
        label = "Certificate attribute",
        help = "What of a certificate says whose it is.",
        start = "email",
        filter
    )]
    pub cert_attribute: CertAttribute,
    #[field(
        label = "User attribute",
        help = "What of an account it has to equal.",
        start = "email",
        filter
    )]
    pub user_attribute: UserAttribute,
    #[field(
        label = "Revocation lists",
        help = "In PEM form, one after another. With any here, a certificate counts only if its \
                authority has a list here that does not name it. Renew them here in time: a list \
                goes on counting after the date it gives for the next.",
        default
    )]
    pub revocation_lists: Code,
}

impl MutualTlsStage {
    fn check(&self, _draft: &Draft, _id: ObjectId, errors: &mut FieldErrors) {
        if self.lists().is_none() {
            let text = "These are not certificate revocation lists in PEM form.";
            errors.add("revocation_lists", Problem::new("invalid", text));
        }
    }

    fn lists(&self) -> Option<RevocationLists> {
        RevocationLists::parse(&self.revocation_lists)
    }

    /// The certificate of this request, if it counts. What comes for somebody else, by an outpost
    /// or a protocol without a browser, has none.
    fn counting<'a>(&self, run: &'a Run) -> Option<(&'a ClientCertificate, Described)> {
        let browser = &run.browser;
        let shown = browser.request.client_certificate.as_ref();
        let shown = shown.filter(|_| browser.headless.is_none())?;
        let authorities = &self.certificate_authorities;
        let authorities = authorities.iter().filter_map(|pair| browser.snapshot.get(*pair));
        let (lists, now) = (self.lists()?, browser.cx.clock.now());
        client_certificate::is_vouched_for(shown, authorities, &lists, now).then_some(())?;
        Some((shown, client_certificate::described(shown)?))
    }

    /// The account of a certificate, if it names exactly one.
    async fn owner(
        &self,
        run: &Run,
        shown: &ClientCertificate,
    ) -> Result<Option<Identity>, FlowError> {
        let named = match self.cert_attribute {
            CertAttribute::Subject => client_certificate::subject_text(shown).into_iter().collect(),
            CertAttribute::CommonName => {
                client_certificate::common_name(shown).into_iter().collect()
            }
            CertAttribute::Email => client_certificate::addresses(shown),
        };
        let by = self.user_attribute;
        let found = run.browser.cx.store.read(move |sql| {
            let mut found: Option<i64> = None;
            for name in named {
                let owners: Vec<i64> = match by {
                    UserAttribute::Username => username::find(sql, &name)?.into_iter().collect(),
                    UserAttribute::Email => sql
                        .query(
                            "SELECT id FROM users WHERE email_fold = $1 AND is_active = 1 ORDER BY id LIMIT 2",
                            params![name.to_lowercase()],
                        )?
                        .iter()
                        .map(|row| row.get(0))
                        .collect::<Result<_, _>>()?,
                };
                for owner in owners {
                    if found.is_some_and(|other| other != owner) {
                        return Ok(None);
                    }
                    found = Some(owner);
                }
            }
            let Some(pk) = found else { return Ok(None) };
            let account = countersign_accounts::identity(sql, pk)?;
            Ok::<_, FlowError>(account.filter(|account| account.is_active))
        });
        found.await
    }
}

impl Stage for MutualTlsStage {
    type State = ();

    async fn show(&self, run: &mut Run, (): &mut ()) -> Result<Step, FlowError> {
        let Some((shown, described)) = self.counting(run) else {
            return Ok(match self.mode {
                TlsMode::Optional => Step::Done,
                TlsMode::Required => {
                    Step::deny("Certificate required but no certificate was given.")
                }
            });
        };
        let enrols = run.flow().is_some_and(|flow| flow.designation == Designation::Enrollment);
        if enrols {
            let told = [
                ("email", client_certificate::addresses(shown).into_iter().next()),
                ("name", client_certificate::common_name(shown)),
            ];
            let told =
                told.into_iter().filter_map(|(name, told)| Some((name.to_owned(), told?.into())));
            let told: Map<String, Value> = told.collect();
            run.plan.add_prompt_data(told);
            run.plan.context.insert(key::CERTIFICATE.to_owned(), json!(described));
            return Ok(Step::Done);
        }
        // Who was named before has to be its owner: a certificate adds to what was proved of an
        // account and never takes it over to another.
        let pending = run.plan.pending_user();
        let owner = self.owner(run, shown).await?;
        let is_owner =
            |owner: &Identity| pending.as_ref().is_none_or(|pending| pending.pk == Some(owner.pk));
        let Some(owner) = owner.filter(is_owner) else {
            tracing::info!(client_ip = %run.browser.request.client_ip, certificate = described.fingerprint_sha256, "a certificate names no account that may sign in by it");
            run.note("certificate", json!(described));
            return Ok(Step::deny("No user found for certificate."));
        };
        certifies(run, owner, &described);
        Ok(Step::Done)
    }

    fn sentence(&self) -> Sentence {
        let by = match self.cert_attribute {
            CertAttribute::Subject => "subject",
            CertAttribute::CommonName => "common name",
            CertAttribute::Email => "e-mail",
        };
        Sentence::new("Ask for a certificate")
            .note(format!("by its {by}"))
            .note(match self.mode {
                TlsMode::Optional => "goes on without one",
                TlsMode::Required => "refuses without one",
            })
            .note_if(self.certificate_authorities.is_empty(), "no authority is chosen")
    }
}

/// The person is whom the certificate says. No backend has checked a password of theirs, so the
/// policies of the shipped flows still ask for it.
fn certifies(run: &mut Run, owner: Identity, described: &Described) {
    let former = run.plan.pending_user().and_then(|user| user.backend);
    run.plan.set_pending_user(&PendingUser {
        pk: Some(owner.pk),
        username: owner.username,
        name: owner.name,
        email: owner.email,
        backend: former,
    });
    let context = &mut run.plan.context;
    context.remove(key::PENDING_USER_IDENTIFIER);
    context.entry(key::AUTH_METHOD).or_insert_with(|| "mtls".into());
    let args = context.entry(key::AUTH_METHOD_ARGS).or_insert(Value::Null);
    if !args.is_object() {
        *args = Value::Object(Map::new());
    }
    if let Value::Object(args) = args {
        args.insert("certificate".to_owned(), json!(described));
    }
    context.insert(key::CERTIFICATE.to_owned(), json!(described));
    context.insert(key::CERTIFIED.to_owned(), owner.pk.into());
}
