//! What templates of pages and mails call to say something.

use std::collections::BTreeMap;

use minijinja::value::{Kwargs, Rest};
use minijinja::{Environment, Error, HtmlEscape, Value};

use crate::{Arg, Language};

/// Gives templates the texts of a language.
pub fn add_to(templates: &mut Environment<'_>, language: Language) {
    // A text of the catalogue: `t("signed-in-as", person="Uma")`.
    templates.add_function("t", move |key: &str, args: Kwargs| {
        Ok::<_, Error>(language.say(key, &texts(&args)?))
    });
    // The same, where what is put into it may be HTML.
    templates.add_function("html", move |key: &str, args: Kwargs| marked_up(language, key, &args));
    // What is not there is nothing, as elsewhere in a template.
    templates.add_function("bold", |text: Value| {
        let text = text.as_str().unwrap_or_default();
        Value::from_safe_string(format!("<b>{}</b>", HtmlEscape(text)))
    });
    // Texts for a script, which reads them from an attribute.
    templates.add_function("words", move |keys: Rest<String>| {
        let of = |key: &String| (key.clone(), language.say(key, &[("reason", "{reason}".into())]));
        let texts: BTreeMap<_, _> = keys.iter().map(of).collect();
        serde_json::to_string(&texts).unwrap_or_default()
    });
}

fn texts(args: &Kwargs) -> Result<Vec<(&str, Arg)>, Error> {
    let arg = |name| {
        let value: Value = args.get(name)?;
        let number = i64::try_from(value.clone()).ok().filter(|_| value.is_number());
        Ok((name, number.map_or_else(|| Arg::Text(value.to_string()), Arg::Number)))
    };
    args.args().map(arg).collect()
}

/// The text is escaped with a letter of nobody's in each place, which then makes room for the part.
fn marked_up(language: Language, key: &str, args: &Kwargs) -> Result<Value, Error> {
    let places: Vec<(&str, char)> = args.args().zip('\u{E000}'..='\u{F8FF}').collect();
    let marks: Vec<(&str, Arg)> =
        places.iter().map(|(name, mark)| (*name, mark.to_string().into())).collect();
    let mut html = HtmlEscape(&language.say(key, &marks)).to_string();
    for (name, mark) in places {
        let value: Value = args.get(name)?;
        let text = value.to_string();
        let part = if value.is_safe() { text } else { HtmlEscape(&text).to_string() };
        html = html.replace(mark, &part);
    }
    Ok(Value::from_safe_string(html))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_into_a_text_is_escaped_unless_it_is_html() {
        let mut templates = Environment::new();
        templates.set_auto_escape_callback(|_| minijinja::AutoEscape::Html);
        add_to(&mut templates, Language::En);
        let draw =
            |text: &str| templates.render_str(text, minijinja::context! { x => "<i>" }).unwrap();
        assert_eq!(draw(r#"{{ t("open-denied", app=x) }}"#), "You can’t open &lt;i&gt;");
        assert_eq!(draw(r#"{{ html("open-denied", app=x) }}"#), "You can’t open &lt;i&gt;");
        assert_eq!(
            draw(r#"{{ html("open-denied", app=bold(x)) }}"#),
            "You can’t open <b>&lt;i&gt;</b>"
        );
        assert_eq!(draw(r#"{{ html("open-denied", app=bold(y)) }}"#), "You can’t open <b></b>");
        assert_eq!(draw(r#"{{ t("duration-days", count=1) }}"#), "1 day");
        assert_eq!(draw(r#"{{ words("show") }}"#), "{&quot;show&quot;:&quot;Show&quot;}");
    }
}
