//! What the application is told: the environment names and defaults of the guide.
//!
//! A value comes from the process environment, else from the `.env` file, else from the default.
//! The file is read again whenever it changed, so that pasting the block of the provider page is
//! enough.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use url::Url;

/// The application's settings, all of them valid.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// Where this program reaches the identity provider.
    pub(crate) provider_base: Url,
    /// Where browsers reach the identity provider.
    pub(crate) provider_public: Url,
    /// Where browsers reach this application.
    pub(crate) own: Url,
    pub(crate) slug: String,
    pub(crate) client: Option<Client>,
    pub(crate) cookie_secret: Option<String>,
}

/// The values copied from the provider page.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) secret: String,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("id", &self.id).field("secret", &"<hidden>").finish()
    }
}

/// A setting that cannot be used, with its name and the remedy.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{name} is {value:?}, which is not an http or https address: set it to something like {example}"
)]
pub(crate) struct BadSetting {
    name: &'static str,
    value: String,
    example: &'static str,
}

impl Settings {
    /// Reads the settings from `lookup`.
    pub(crate) fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, BadSetting> {
        let text = |name: &str| {
            lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let provider_base =
            address("AUTHENTIK_BASE_URL", text("AUTHENTIK_BASE_URL"), "http://server:9000")?;
        let public = text("AUTHENTIK_PUBLIC_URL").or_else(|| text("AUTHENTIK_SERVER_URL"));
        let provider_public = address("AUTHENTIK_PUBLIC_URL", public, "http://localhost:9000")?;
        let own = address("FLASK_BASE_URL", text("FLASK_BASE_URL"), "http://localhost:5000")?;
        let real = |name: &str| text(name).filter(|value| !is_placeholder(value));
        let client = match (real("AUTHENTIK_CLIENT_ID"), real("AUTHENTIK_CLIENT_SECRET")) {
            (Some(id), Some(secret)) => Some(Client { id, secret }),
            _ => None,
        };
        Ok(Self {
            provider_base,
            provider_public,
            own,
            slug: text("AUTHENTIK_APP_SLUG").unwrap_or_else(|| "flask-app".to_owned()),
            client,
            cookie_secret: real("FLASK_SECRET_KEY"),
        })
    }

    pub(crate) fn redirect_uri(&self) -> Url {
        at(&self.own, "/callback")
    }

    /// Cookies are marked Secure when browsers reach the application over https.
    pub(crate) fn secure_cookies(&self) -> bool {
        self.own.scheme() == "https"
    }
}

/// The address with another path and nothing behind it.
pub(crate) fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    let prefix = base.path().trim_end_matches('/');
    url.set_path(&format!("{prefix}{path}"));
    url.set_query(None);
    url.set_fragment(None);
    url
}

fn address(
    name: &'static str,
    value: Option<String>,
    default: &'static str,
) -> Result<Url, BadSetting> {
    let value = value.unwrap_or_else(|| default.to_owned());
    match Url::parse(&value) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(BadSetting { name, value, example: default }),
    }
}

/// Samples and guides leave such words where a real value belongs; none of them may be used as one.
fn is_placeholder(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    ["your-", "your_", "change", "replace", "paste", "generate", "<"]
        .iter()
        .any(|start| lower.starts_with(start))
}

/// Where settings come from, and the last ones read.
pub(crate) struct Source {
    file: Option<PathBuf>,
    environment: HashMap<String, String>,
    last: Mutex<Option<(Option<SystemTime>, Arc<Settings>)>>,
}

impl Source {
    pub(crate) fn new(environment: HashMap<String, String>, file: Option<PathBuf>) -> Self {
        Self { file, environment, last: Mutex::new(None) }
    }

    pub(crate) fn file(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The settings as of now. A file that cannot be used keeps the last good settings.
    pub(crate) fn current(&self) -> Result<Arc<Settings>, BadSetting> {
        let changed =
            self.file.as_ref().and_then(|file| std::fs::metadata(file).ok()?.modified().ok());
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, settings)) = last.as_ref()
            && *at == changed
        {
            return Ok(Arc::clone(settings));
        }
        match self.load() {
            Ok(settings) => {
                let settings = Arc::new(settings);
                *last = Some((changed, Arc::clone(&settings)));
                Ok(settings)
            }
            Err(bad) => match last.as_ref() {
                Some((_, settings)) => {
                    tracing::warn!("{bad}");
                    Ok(Arc::clone(settings))
                }
                None => Err(bad),
            },
        }
    }

    fn load(&self) -> Result<Settings, BadSetting> {
        let text = self
            .file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok())
            .unwrap_or_default();
        let in_file = parse_env_file(&text);
        Settings::read(&|name| {
            let usable =
                |value: &&String| !value.trim().is_empty() && !is_placeholder(value.trim());
            self.environment.get(name).filter(usable).or_else(|| in_file.get(name)).cloned()
        })
    }
}

/// `NAME=value` lines; blank lines, comments, `export` and one pair of quotes around a value are
/// understood.
fn parse_env_file(text: &str) -> HashMap<String, String> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("export ").unwrap_or(line).split_once('='))
        .map(|(name, value)| (name.trim().to_owned(), unquoted(value.trim()).to_owned()))
        .collect()
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, BadSetting> {
        let map: HashMap<&str, &str> = pairs.iter().copied().collect();
        Settings::read(&|name| map.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn defaults_are_those_of_the_guide() {
        let settings = read(&[]).unwrap();
        assert_eq!(settings.provider_base.as_str(), "http://server:9000/");
        assert_eq!(settings.provider_public.as_str(), "http://localhost:9000/");
        assert_eq!(settings.redirect_uri().as_str(), "http://localhost:5000/callback");
        assert!(settings.client.is_none());
        assert!(settings.cookie_secret.is_none());
    }

    #[test]
    fn server_url_stands_in_for_the_public_url() {
        let settings = read(&[("AUTHENTIK_SERVER_URL", "https://id.test")]).unwrap();
        assert_eq!(settings.provider_public.as_str(), "https://id.test/");
        let settings = read(&[
            ("AUTHENTIK_SERVER_URL", "https://a.test"),
            ("AUTHENTIK_PUBLIC_URL", "https://b.test"),
        ])
        .unwrap();
        assert_eq!(settings.provider_public.as_str(), "https://b.test/");
    }

    #[test]
    fn placeholders_are_never_values() {
        let placeholders = [
            ("AUTHENTIK_CLIENT_ID", "your-client-id"),
            ("AUTHENTIK_CLIENT_SECRET", "your-client-secret"),
            ("FLASK_SECRET_KEY", "your-secret-key-change-this"),
        ];
        let settings = read(&placeholders).unwrap();
        assert!(settings.client.is_none() && settings.cookie_secret.is_none());
        let settings = read(&[("AUTHENTIK_CLIENT_ID", "abc")]).unwrap();
        assert!(settings.client.is_none(), "an id without its secret is not enough");
    }

    #[test]
    fn a_wrong_address_names_itself() {
        let bad = read(&[("FLASK_BASE_URL", "localhost:5000")]).unwrap_err();
        assert_eq!(bad.name, "FLASK_BASE_URL");
        assert!(bad.to_string().contains("localhost:5000"));
    }

    #[test]
    fn the_file_is_read_again_when_it_changes_and_the_environment_wins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(".env");
        let environment = HashMap::from([
            ("AUTHENTIK_PUBLIC_URL".to_owned(), "http://localhost:1".to_owned()),
            ("AUTHENTIK_CLIENT_ID".to_owned(), "your-client-id".to_owned()),
        ]);
        let source = Source::new(environment, Some(file.clone()));
        assert!(source.current().unwrap().client.is_none());
        let text = "# from the provider page\nexport AUTHENTIK_CLIENT_ID='abc'\nAUTHENTIK_CLIENT_SECRET=\"d=e f\"\nAUTHENTIK_PUBLIC_URL=http://localhost:2\n";
        std::fs::write(&file, text).unwrap();
        let settings = source.current().unwrap();
        assert_eq!(
            settings.client,
            Some(Client { id: "abc".to_owned(), secret: "d=e f".to_owned() })
        );
        assert_eq!(settings.provider_public.as_str(), "http://localhost:1/");
    }

    #[test]
    fn the_secret_is_not_printed() {
        let client = Client { id: "abc".to_owned(), secret: "very secret".to_owned() };
        assert!(!format!("{client:?}").contains("very secret"));
    }
}
