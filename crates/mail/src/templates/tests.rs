use super::*;
use std::path::Path;

fn context() -> serde_json::Value {
    json!({"user": {"username": "uma", "name": "Uma <b>", "attributes": {"pets": ["cat", "dog"], "none": null}}, "url": "https://id.example.org/?a=1&b=2", "expires": 1800,
           "token": "123456", "title": "Login failed", "body": "uma <script>", "key_value": {"User": "uma"}, "source": {"from": "mail"}})
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, Templates) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        write(folder.path(), name, text);
    }
    let templates = Templates::new(Some(folder.path().to_owned()));
    (folder, templates)
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn render(templates: &Templates, name: &str) -> Result<Rendered, TemplateError> {
    templates.render(
        Language::En,
        Timestamp::parse("2026-11-27T12:00:00Z").unwrap(),
        name,
        &context(),
    )
}

/// What becomes of a text, its lines joined.
fn shown(source: &str) -> String {
    let (_folder, templates) = folder(&[("a.html", source)]);
    let html = render(&templates, "a.html").unwrap().html.unwrap();
    html.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(source: &str) -> String {
    let (_folder, templates) = folder(&[("a.html", source)]);
    render(&templates, "a.html").unwrap_err().problem
}

#[test]
fn built_in_templates_escape_and_have_both_forms() {
    for (name, _) in
        BUILT_IN.iter().filter(|(name, _)| name.ends_with("html") && !name.contains("base"))
    {
        let rendered = render(&Templates::default(), name).unwrap();
        let html = rendered.html.unwrap();
        assert!(
            html.contains("<html") && !html.contains("Uma <b>") && !html.contains("<script>"),
            "{name}: {html}"
        );
        assert!(
            !rendered.text.contains("&#") && !rendered.text.contains("{{"),
            "{name}: {}",
            rendered.text
        );
    }
    let reset = render(&Templates::default(), "email/password_reset.html").unwrap();
    assert!(
        reset.text.contains("https://id.example.org/?a=1&b=2")
            && reset.text.contains("for 30 minutes"),
        "{}",
        reset.text
    );
}

/// Templates as people of the original have them.
#[test]
fn templates_in_djangos_words_say_what_they_say_in_django() {
    for (source, expected) in [
        // A table of its own, in the original's base.
        (
            "{% extends 'email/base.html' %}\n{% load i18n %}\n{% load humanize %}\n{% block content %}<tr><td><h1>{% blocktrans with username=user.username %}\n Hi {{ username }},\n{% endblocktrans %}</h1></td></tr>{% endblock %}\n{% block sub_content %}<tr><td>{% blocktrans with expires=expires|naturaltime %}The link is valid for {{ expires }}.{% endblocktrans %}</td></tr>{% endblock %}",
            "<h1> Hi uma, </h1></td></tr> <tr><td>The link is valid for 30 minutes from now.</td></tr>",
        ),
        (
            "<a href=\"{{ url }}\">{% trans 'Reset <b>it</b>' %}</a>",
            "<a href=\"https:&#x2f;&#x2f;id.example.org&#x2f;?a=1&amp;b=2\">Reset <b>it</b></a>",
        ),
        (
            "{{ user.name }}{{ user.name|safe }}{{ user.name|upper }}",
            "Uma &lt;b&gt;Uma <b>UMA &lt;B&gt;",
        ),
        (
            "{% autoescape off %}{{ user.name }}{% endautoescape %}{{ user.name }}",
            "Uma <b>Uma &lt;b&gt;",
        ),
        (
            "{{ missing.deep|default:\"<i>-</i>\" }}{{ missing }}{{ user.attributes.none }}{{ user.missing|default_if_none:'x' }}",
            "<i>-</i>None",
        ),
        (
            "{{ expires|date:'D d M Y H:i' }}, {{ expires|time:\"H:i\" }}, {{ expires }}, {{ expires|timeuntil }}",
            "Fri 27 Nov 2026 12:30, 12:30, Nov. 27, 2026, 12:30 p.m., 30 minutes",
        ),
        ("{{ expires.year }} {% now 'Y-m-d' %}", "2026 2026-11-27"),
        ("Hi {{ user.name.split.0 }}", "Hi Uma"),
        (
            "{% for pet in user.attributes.pets %}{{ forloop.counter }}/{{ forloop.revcounter0 }}{{ pet|title }}{% if not forloop.last %}, {% endif %}{% empty %}none{% endfor %}",
            "1/1Cat, 2/0Dog",
        ),
        (
            "{% for pet in user.attributes.none %}x{% empty %}none{% endfor %}{% for x in missing reversed %}x{% endfor %}",
            "none",
        ),
        ("{% for key, value in key_value.items %}{{ key }}={{ value }}{% endfor %}", "User=uma"),
        (
            "{% for a in user.attributes.pets %}{% for b in user.attributes.pets reversed %}{{ forloop.parentloop.counter }}{{ forloop.counter }}{{ b|first }}{% cycle '.' ';' %}{% endfor %}{% endfor %}",
            "11d.12c;21d.22c;",
        ),
        (
            "{% if user.name and 'cat' in user.attributes.pets and not missing %}a{% elif x %}b{% else %}c{% endif %}{% if missing > 3 or missing < 3 or 'a' in missing %}d{% endif %}{% if token|length == 6 %}e{% endif %}{% if missing is None %}f{% endif %}",
            "aef",
        ),
        (
            "{% with name=user.name|lower n=3 %}{{ name }}{{ n|add:2 }}{% endwith %}{{ name }}",
            "uma &lt;b&gt;5",
        ),
        ("{% with user.username as who %}{{ who }}{% endwith %}", "uma"),
        (
            "{% blocktranslate count n=user.attributes.pets|length trimmed %}\n one pet\n{% plural %}\n {{ n }}\n  pets,   {{ user.username }}\n{% endblocktranslate %}",
            "2 pets, uma",
        ),
        (
            "{% blocktrans asvar hi with name=user.name %}Hi {{ name }}{% endblocktrans %}{{ hi }}!",
            "Hi Uma &lt;b&gt;!",
        ),
        (
            "{% trans \"Reset\" as title %}{{ title }}{% translate token context 'a' noop %}",
            "Reset123456",
        ),
        (
            "{% spaceless %} <p> <b>a</b> </p>\n <p>b</p> {% endspaceless %}",
            "<p><b>a</b></p><p>b</p>",
        ),
        ("{% filter upper %}a{{ user.name }}{% endfilter %}", "AUMA &LT;B&GT;"),
        (
            "{% firstof missing user.username 'x' %}{# gone #}{% comment %}{% url %}{% endcomment %}",
            "uma",
        ),
        (
            "{% verbatim %}{{ x }}{% endverbatim %}{% templatetag openblock %}{{ '{' }} a{b:{{token}}} {#x {{ a",
            "{{ x }}{%{ a{b:123456} {#x {{ a",
        ),
        (
            "{{ True }} {{ None }} {{ 1.50 }} {{ -2 }} {{ user.attributes.pets|join:', ' }}",
            "True None 1.5 -2 cat, dog",
        ),
        ("{{ t('mail-hello', name=user.username) }}{{ lang }}", "Hello uma,en"),
    ] {
        let found = shown(source);
        assert!(
            found == expected || found.contains(expected) && source.contains("extends"),
            "{source}\n{found}"
        );
    }
}

#[test]
fn what_mails_do_not_have_is_refused_with_file_and_line() {
    for (source, line, word) in [
        ("\n{% url 'x' %}", 2, "no tag 'url'"),
        ("{# a #}\n\n{{ x|stringformat:'s' }}", 3, "no filter 'stringformat'"),
        ("{% blocktrans trimmed %}\na\n\nb\n{% endblocktrans %}\n{% nothing %}", 6, "'nothing'"),
        ("{% comment %}\n\n{% endcomment %}{{ x y }}", 3, "cannot be read"),
        ("a\n{% if x %}\n\n", 2, "no endif"),
        ("{% if x %}\n{% endfor %}", 2, "'endfor' comes before the endif of line 1"),
        ("{% endif %}", 1, "ends nothing"),
        ("{% else %}", 1, "stands in no 'if'"),
        ("{% if x %}{% else %}{% else %}{% endif %}", 1, "stands in no 'if'"),
        ("x{% load i18n %}{% extends 'email/base.html' %}", 1, "first tag"),
        ("{% load os %}", 1, "no library 'os'"),
        ("{% block a %}{% endblock b %}", 1, "ends the block 'a'"),
        ("{% blocktrans %}{% if x %}{% endblocktrans %}", 1, "no other tags"),
        ("{% blocktrans %}\na", 1, "no endblocktrans"),
        ("{{ self }}", 1, "'self'"),
        ("{{ user.__class__ }}", 1, "no name"),
        ("{{ user.name() }}", 1, "call nothing"),
        ("{% for x in range(9) %}{% endfor %}", 1, "call nothing"),
        ("{{ x|default('y') }}", 1, "has an argument"),
        ("{% include template %}", 1, "in quotes"),
        ("{% macro x() %}", 1, "no tag 'macro'"),
        ("{% set x = 1 %}", 1, "no tag 'set'"),
        ("{% raw %}", 1, "no tag 'raw'"),
        ("{{ }}", 1, "empty"),
    ] {
        let problem = refused(source);
        assert!(
            problem.starts_with(&format!("a.html, line {line}: ")) && problem.contains(word),
            "{source}: {problem}"
        );
    }
    let (_folder, templates) = folder(&[
        ("a.html", "{% extends 'b.html' %}"),
        ("b.html", "\n\n{% include 'c.html' %}"),
        ("c.html", "\n{% url 'x' %}"),
        ("good.html", "x"),
        ("good.txt", "\n{{ x|none }}"),
        ("gone.html", "{% extends 'nowhere.html' %}"),
    ]);
    for (name, place) in [
        ("a.html", "c.html, line 2: "),
        ("good.html", "good.txt, line 2: "),
        ("gone.html", "gone.html, line 1: "),
    ] {
        let problem = render(&templates, name).unwrap_err().problem;
        assert!(problem.starts_with(place), "{name}: {problem}");
    }
    assert!(render(&templates, "gone.html").unwrap_err().problem.contains("nowhere.html"));
    // What cannot be read is not offered, and what is wrong with it is said to whoever names it.
    let offered: Vec<_> = templates.choices().into_iter().map(|choice| choice.name).collect();
    assert!(offered.contains(&"good.html".to_owned()) && !offered.contains(&"c.html".to_owned()));
    assert!(templates.knows("c.html") && !templates.knows("d.html"));
}

#[test]
fn a_template_is_made_in_bounded_time_and_of_bounded_size() {
    let loops = "{% for a in token %}".repeat(12) + "x" + &"{% endfor %}".repeat(12);
    assert!(refused(&loops).contains("too much"), "{}", refused(&loops));
    let grown = "{% with a='abcdefghij' %}".to_owned()
        + &"{% with a=a|add:a %}".repeat(35)
        + "{{ a }}"
        + &"{% endwith %}".repeat(36);
    assert!(refused(&grown).contains("too much"), "{}", refused(&grown));
    assert!(refused(&("{% if x %}".repeat(60) + &"{% endif %}".repeat(60))).contains("deep"));
    assert!(refused(&"x".repeat(300 * 1024)).contains("larger"));
    for round in ["{% include 'a.html' %}", "{% extends 'b.html' %}"] {
        let (_folder, templates) =
            folder(&[("a.html", round), ("b.html", "{% extends 'a.html' %}")]);
        assert!(render(&templates, "a.html").is_err(), "{round}");
    }
}

#[test]
fn a_file_takes_the_place_of_one_of_ours_and_may_extend_it() {
    let (_folder, templates) = folder(&[(
        "email/password_reset.html",
        "{% extends 'email/password_reset.html' %}{% block content %}<p>ACME</p>{{ block.super }}{% endblock %}",
    )]);
    let rendered = render(&templates, "email/password_reset.html").unwrap();
    let html = rendered.html.unwrap();
    assert!(html.contains("<p>ACME</p>") && html.contains("id=\"confirm\""), "{html}");
}

#[test]
fn nothing_outside_of_the_folder_is_read() {
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret.html", "secret");
    let (inside, templates) = folder(&[("..data/real.html", "{{ token }}"), (".hidden.html", "x")]);
    std::os::unix::fs::symlink(outside.path().join("secret.html"), inside.path().join("link.html"))
        .unwrap();
    std::os::unix::fs::symlink(outside.path(), inside.path().join("folder")).unwrap();
    // As Kubernetes mounts a ConfigMap.
    std::os::unix::fs::symlink("..data/real.html", inside.path().join("real.html")).unwrap();
    let up = format!("../{}/secret.html", outside.path().file_name().unwrap().to_str().unwrap());
    let absolute = outside.path().join("secret.html").to_str().unwrap().to_owned();
    for name in [
        &up,
        &absolute,
        "link.html",
        "folder/secret.html",
        "../../etc/passwd",
        "/etc/passwd",
        "original:a.html",
        "",
    ] {
        assert!(render(&templates, name).is_err(), "{name}");
        write(inside.path(), "taken.html", &format!("{{% include '{name}' %}}"));
        assert!(render(&templates, "taken.html").is_err(), "{name}");
    }
    assert_eq!(render(&templates, "real.html").unwrap().text, "123456\n");
    assert_eq!(templates.own(), ["link.html", "real.html", "taken.html"]);
}

/// Whatever the file is called: it is the form that says what is escaped.
#[test]
fn what_a_file_takes_in_is_escaped_as_the_file_is() {
    let names = ["b.html", "b.txt", "b.inc", "b.tpl", "b", "b.json"];
    for name in names {
        let (_folder, templates) = folder(&[
            ("a.html", &format!("<p>{{% include '{name}' %}}</p>")),
            ("a.txt", &format!("<{{% include '{name}' %}}>")),
            (name, "{{ user.name }} {{ user.name|linebreaksbr }}"),
            ("c.html", &format!("{{% extends '{name}' %}}")),
        ]);
        let both = render(&templates, "a.html").unwrap();
        assert_eq!(both.html.unwrap(), "<p>Uma &lt;b&gt; Uma &lt;b&gt;</p>", "{name}");
        assert_eq!(both.text, "<Uma <b> Uma <b>>\n", "{name}");
        let extended = render(&templates, "c.html").unwrap().html.unwrap();
        assert_eq!(extended, "Uma &lt;b&gt; Uma &lt;b&gt;", "{name}");
    }
}

#[test]
fn a_text_form_is_plain() {
    let (_folder, templates) = folder(&[
        ("a.html", "x"),
        ("a.txt", "{{ user.name }} {{ url }}{% autoescape on %}{{ user.name }}{% endautoescape %}"),
    ]);
    let text = render(&templates, "a.html").unwrap().text;
    assert_eq!(text, "Uma <b> https://id.example.org/?a=1&b=2Uma &lt;b&gt;\n");
}
