//! What a notification says, in the form of each transport. Pure.

use countersign_events::Recorded;
use countersign_policy::Subject;
use countersign_words::Language;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// Something to tell one person.
#[derive(Debug, Clone)]
pub(crate) struct Notification {
    pub(crate) uuid: Uuid,
    pub(crate) severity: &'static str,
    pub(crate) body: String,
    pub(crate) event: Option<Recorded>,
    pub(crate) user: Subject,
    /// In which a person reads it; what programs get stays as it is.
    pub(crate) language: Language,
}

/// The subject's words of an event without an action.
const SUBJECT_LETTERS: usize = 75;
/// What Slack and Discord take.
const MOST_FIELDS: usize = 25;
const TITLE_LETTERS: usize = 256;
const VALUE_LETTERS: usize = 1024;

/// The sentence of an event.
pub(crate) fn body_of(event: &Recorded) -> String {
    let message = event
        .context()
        .get("message")
        .and_then(Value::as_str)
        .filter(|message| !message.is_empty());
    message.map_or_else(|| format!("{}: {}", event.action(), event.context()), str::to_owned)
}

impl Notification {
    fn event_user(&self, name: &str) -> Option<String> {
        let value = self.event.as_ref()?.json.get("user")?.get(name)?.as_str()?;
        Some(value.to_owned())
    }

    /// Who did it, where that is known and not whom the event's `user` names.
    fn event_actor(&self) -> Option<String> {
        let actor = self.event.as_ref()?.json.get("actor")?;
        let text = |name: &str| actor.get(name)?.as_str().filter(|text| !text.is_empty());
        let name = text("username").or_else(|| text("type"))?;
        (self.event_user("username").as_deref() != Some(name)).then(|| name.to_owned())
    }

    /// What mappings see as `notification`.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "pk": self.uuid.to_string(), "severity": self.severity, "body": self.body,
            "event": self.event.as_ref().map(|event| event.json.clone()), "user": self.user.to_json(),
        })
    }

    /// The body of a webhook without a mapping.
    pub(crate) fn webhook(&self) -> Value {
        let mut map = Map::new();
        for (name, value) in [
            ("body", &self.body),
            ("severity", &self.severity.to_owned()),
            ("user_email", &self.user.email),
            ("user_username", &self.user.username),
        ] {
            map.insert(name.to_owned(), value.as_str().into());
        }
        if let Some(actor) = self.event_actor() {
            map.insert("event_actor".to_owned(), actor.into());
        }
        for (name, field) in [("event_user_email", "email"), ("event_user_username", "username")] {
            if let Some(value) = self.event_user(field) {
                map.insert(name.to_owned(), value.into());
            }
        }
        map.into()
    }

    /// The body for Slack, and for Discord at its address for Slack's.
    pub(crate) fn slack(&self, version: &str, link: Option<&str>) -> Value {
        let short =
            |title: &str, value: &str| json!({"title": title, "value": value, "short": true});
        let mut fields = vec![
            short("Severity", self.severity),
            short("Dispatched for user", &self.user.username),
        ];
        fields.extend(self.event_actor().map(|actor| short("By", &actor)));
        fields.extend(self.event_user("username").map(|username| short("Event user", &username)));
        for (title, value) in self.details() {
            fields.push(
                json!({"title": cut(&title, TITLE_LETTERS), "value": cut(&value, VALUE_LETTERS)}),
            );
        }
        fields.truncate(MOST_FIELDS);
        let title = self.event.as_ref().map_or(self.body.as_str(), Recorded::action);
        let mut attachment = json!({
            "author_name": "Countersign", "title": title, "text": self.body, "color": "#fd4b2d", "fields": fields, "footer": format!("Countersign {version}"),
        });
        if let (Some(link), Some(map)) = (link, attachment.as_object_mut()) {
            map.insert("author_link".to_owned(), link.into());
        }
        json!({"username": "Countersign", "attachments": [attachment]})
    }

    pub(crate) fn subject(&self) -> String {
        let what = self
            .event
            .as_ref()
            .map_or_else(|| cut(&self.body, SUBJECT_LETTERS), |event| event.action().to_owned());
        let names = [("product", "Countersign".into()), ("what", what.into())];
        self.language.say("mail-notification", &names)
    }

    /// What the mail template gets. Superusers are told which transport sent it.
    pub(crate) fn mail(&self, transport: &str) -> Value {
        let mut rows = Map::new();
        let t = |key: &str| self.language.t(key);
        let severity = match self.severity {
            "alert" => "mail-alert",
            "warning" => "mail-warning",
            _ => "mail-notice",
        };
        rows.insert(t("mail-severity"), t(severity).into());
        rows.insert(t("mail-for"), self.user.username.as_str().into());
        if let Some(actor) = self.event_actor() {
            rows.insert(t("mail-by"), actor.into());
        }
        if let Some(username) = self.event_user("username") {
            rows.insert(t("mail-about"), username.into());
        }
        rows.extend(self.details().map(|(name, value)| (name, value.into())));
        let title = self.event.as_ref().map_or_else(
            || cut(&self.body, SUBJECT_LETTERS),
            |event| event.action().replace('_', " "),
        );
        let from = self.user.is_superuser().then_some(transport);
        json!({"title": capital(&title), "body": self.body, "key_value": rows, "source": {"from": from}})
    }

    /// The texts of the event's context.
    fn details(&self) -> impl Iterator<Item = (String, String)> {
        let context = self.event.as_ref().and_then(|event| event.context().as_object());
        let texts = context.into_iter().flatten().filter(|(name, _)| name.as_str() != "message");
        texts.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
    }
}

fn cut(text: &str, letters: usize) -> String {
    text.chars().take(letters).collect()
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notification(context: Value) -> Notification {
        let json = json!({"action": "login_failed", "context": context, "user": {"pk": 5, "username": "uma", "email": "uma@example.org"}});
        let event = Recorded { seq: 1, uuid: Uuid::nil(), json };
        let user = Subject {
            username: "akadmin".to_owned(),
            email: "root@example.org".to_owned(),
            ..Subject::default()
        };
        Notification {
            uuid: Uuid::nil(),
            severity: "alert",
            body: body_of(&event),
            event: Some(event),
            user,
            language: Language::En,
        }
    }

    #[test]
    fn a_webhook_gets_the_documented_keys() {
        let expected = json!({"body": "Wrong", "severity": "alert", "user_email": "root@example.org", "user_username": "akadmin",
                              "event_user_email": "uma@example.org", "event_user_username": "uma"});
        assert_eq!(notification(json!({"message": "Wrong"})).webhook(), expected);
    }

    /// O8: `password_set` of nina, whom akadmin gave one.
    #[test]
    fn who_did_it_is_said_before_whom_it_concerns() {
        let mut told = notification(json!({}));
        let by = |name: &str| json!({"type": "user", "username": name});
        let json = |told: &mut Notification, actor| {
            told.event.as_mut().unwrap().json["actor"] = actor;
            let names = ["event_actor", "event_user_username"];
            let hook = told.webhook();
            let rows = told.mail("t")["key_value"].clone();
            let names = names.map(|name| hook[name].as_str().unwrap_or("-").to_owned());
            (names, rows["By"].as_str().unwrap_or("-").to_owned())
        };
        let (names, row) = json(&mut told, by("akadmin"));
        assert_eq!((names[0].as_str(), names[1].as_str(), &*row), ("akadmin", "uma", "akadmin"));
        let slack = told.slack("1.0", None);
        let titles: Vec<&str> = slack["attachments"][0]["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field["title"].as_str().unwrap())
            .collect();
        assert_eq!(titles[2..4], ["By", "Event user"]);
        let (names, row) = json(&mut told, json!({"type": "console", "username": ""}));
        assert_eq!((names[0].as_str(), row.as_str()), ("console", "console"));
        let (names, row) = json(&mut told, by("uma"));
        assert_eq!((names[0].as_str(), row.as_str()), ("-", "-"), "one's own doing is said once");
    }

    #[test]
    fn slack_gets_what_it_takes() {
        let long: Map<String, Value> = (0..40)
            .map(|n| (format!("{n}-{}", "k".repeat(300)), Value::from("v".repeat(2000))))
            .collect();
        let body = notification(long.into()).slack("1.0", None);
        let attachment = &body["attachments"][0];
        assert_eq!(
            (attachment["title"].as_str(), attachment["color"].as_str()),
            (Some("login_failed"), Some("#fd4b2d"))
        );
        let fields = attachment["fields"].as_array().unwrap();
        assert_eq!(fields.len(), 25);
        assert!(fields.iter().all(|f| f["title"].as_str().unwrap().len() <= 256
            && f["value"].as_str().unwrap().len() <= 1024));
    }
}
