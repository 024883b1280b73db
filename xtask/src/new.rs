//! `cargo xtask new`: a file that builds, with one ignored test that says what to write, and its
//! line in the list of its crate. Stages and policies begin as copies of the dummies, so that what
//! is made follows the code; a table begins with a template.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build;
use crate::shell::{Outcome, call, command, root, step, target};

/// Makes one in the project.
pub(crate) fn new(sort: &str, name: &str) -> Outcome {
    for file in make(&root(), sort, name)? {
        println!("{}", file.display());
    }
    Ok(())
}

/// Makes one of each sort in a copy of the project, and builds them.
pub(crate) fn prove() -> Outcome {
    let copy = target().join("xtask/new");
    step("Copying the project", || copied(&copy))?;
    // Under another version cargo tells the copy's crates from the project's; all they depend on is
    // the same, and built already.
    let manifest = copy.join("Cargo.toml");
    let text = read(&manifest)?.replacen("\nversion = \"", "\nversion = \"1000", 1);
    write_to(&manifest, &text)?;
    for sort in ["stage", "policy", "table"] {
        make(&copy, sort, "lighthouse")?;
    }
    let mut tests = build::linted(
        "cargo test --quiet --no-run --lib -p countersign-directory -p countersign-policy -p countersign-flow",
    );
    call(tests.current_dir(&copy).env("CARGO_TARGET_DIR", target()))
}

/// Makes one of a sort in the project at `root`; the files that changed.
fn make(root: &Path, sort: &str, name: &str) -> Outcome<Vec<PathBuf>> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(plain) {
        return Err(format!("Write the name as code does, such as `login_history`, not `{name}`."));
    }
    let mut made = match sort {
        "stage" => from_dummy(&root.join("crates/flow/src/stages"), name, STAGE)?,
        "policy" => from_dummy(&root.join("crates/policy/src/policies"), name, POLICY)?,
        "table" => table(root, name)?,
        "source" => {
            return Err("A source speaks a protocol, so it is a crate: `countersign-sources` says what one implements.".into());
        }
        _ => return Err(format!("There is no sort `{sort}`: stage, policy, source or table.")),
    };
    made.sort();
    let mut format = command("rustfmt --edition 2024");
    format.args(made.iter().filter(|file| file.extension().is_some_and(|end| end == "rs")));
    call(format.current_dir(root))?;
    Ok(made)
}

const STAGE: &str = "its fields; what it asks and does (`show`, `answer`), what it remembers \
     between two requests (`State`); its page and template; its sentence on the page of a flow; \
     then a test in tests/ that goes through a flow with it";

const POLICY: &str = "its fields, and the rule by which somebody passes (`judge`), with the \
     message for those who do not; then tests of both answers";

const TABLE: &str = "its columns, here and in the migration; what lists filter and search by; \
     who may see the rows (`owner`, `everybody`); rules before a row is written (`check`) and after";

/// A copy of the dummy in `folder`, under another name; every line of the folder's list that names
/// the dummy gets one that names the copy.
fn from_dummy(folder: &Path, name: &str, write: &str) -> Outcome<Vec<PathBuf>> {
    let renamed = |text: &str| {
        let title = title(name);
        text.replace("dummy", name).replace("Dummy", &title.replace(' ', ""))
    };
    let file = fresh(folder.join(format!("{name}.rs")))?;
    let dummy = read(&folder.join("dummy.rs"))?;
    // Titles are words; the dummies are not offered to administrators.
    let titled = dummy.replace("\"Dummy", &format!("\"{}", title(name)));
    let code = renamed(&titled.replace("    hidden\n", ""));
    // Nobody outside its crate names it yet.
    let code = code.replace("\npub ", "\npub(crate) ").replace("\n    pub ", "\n    pub(crate) ");
    write_to(&file, &(code + &ignored_test(write)))?;
    let list = folder.join("mod.rs");
    let lines = read(&list)?;
    let lines = lines.lines().flat_map(|line| {
        let names_it = line.contains("dummy") || line.contains("Dummy");
        [Some(line.to_owned()), names_it.then(|| renamed(line.trim_start_matches("pub ")))]
    });
    write_to(&list, &(lines.flatten().collect::<Vec<_>>().join("\n") + "\n"))?;
    let mut made = vec![file, list];
    if let Ok(page) = fs::read_to_string(folder.join("dummy.html")) {
        let template = fresh(folder.join(format!("{name}.html")))?;
        write_to(&template, &page)?;
        made.push(template);
    }
    Ok(made)
}

fn table(root: &Path, name: &str) -> Outcome<Vec<PathBuf>> {
    let (store, directory) = (root.join("crates/store"), root.join("crates/directory/src"));
    let filled = |text: &str| {
        let title = title(name);
        text.replace("{name}", name)
            .replace("{Title}", &title)
            .replace("{Type}", &title.replace(' ', ""))
    };
    let file = fresh(directory.join(format!("{name}.rs")))?;
    let code = filled(include_str!("new/table.rs.txt"));
    write_to(&file, &(code + &ignored_test(TABLE)))?;

    let list = directory.join("lib.rs");
    let lib = read(&list)?;
    let lib = before(&lib, "mod clean;\n", &filled("mod {name};\n"))?;
    let last = "        table::<consents::Consent>(),\n";
    let lib = before(&lib, last, &filled("        table::<{name}::{Type}>(),\n"))?;
    write_to(&list, &lib)?;

    let runner = store.join("src/migrate.rs");
    let code = read(&runner)?;
    let (known, _) = code.split_once("\n];").ok_or("migrate.rs has no list")?;
    let number = next_number(known);
    let migration = fresh(store.join(format!("migrations/{number:04}_{name}.sql")))?;
    write_to(&migration, &filled(include_str!("new/table.sql.txt")))?;
    let line = format!("    Statements(include_str!(\"../migrations/{number:04}_{name}.sql\")),\n");
    write_to(&runner, &code.replacen("\n];", &format!("\n{line}];"), 1))?;
    Ok(vec![file, list, runner, migration])
}

/// The number after that of the last migration: they are counted, not named.
fn next_number(list: &str) -> usize {
    let (_, list) = list.rsplit_once("MIGRATIONS").unwrap_or_default();
    1 + list.lines().filter(|line| line.starts_with("    ")).count()
}

fn ignored_test(write: &str) -> String {
    format!(
        "\n#[cfg(test)]\nmod tests {{\n    #[test]\n    #[ignore = \"to be written\"]\n    \
         fn what_is_to_be_written() {{\n        panic!(\"{write}\");\n    }}\n}}\n"
    )
}

/// `login_history` as `Login History`.
fn title(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    name.split('_').filter_map(word).collect::<Vec<_>>().join(" ")
}

/// `text` with `more` in front of the first `mark`.
fn before(text: &str, mark: &str, more: &str) -> Outcome<String> {
    if !text.contains(mark) {
        return Err(format!("`{}` is not where it was.", mark.trim()));
    }
    Ok(text.replacen(mark, &format!("{more}{mark}"), 1))
}

fn fresh(file: PathBuf) -> Outcome<PathBuf> {
    if file.exists() { Err(format!("{} is there already.", file.display())) } else { Ok(file) }
}

fn read(file: &Path) -> Outcome<String> {
    fs::read_to_string(file).map_err(|error| format!("Cannot read {}: {error}", file.display()))
}

fn write_to(file: &Path, text: &str) -> Outcome {
    let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(file, text))
        .map_err(|error| format!("Cannot write {}: {error}", file.display()))
}

/// The files that are under version control, as they are now.
fn copied(copy: &Path) -> Outcome {
    let _ = fs::remove_dir_all(copy);
    let files = crate::shell::answer("git ls-files -co --exclude-standard")
        .ok_or("`git ls-files` failed")?;
    for name in files.lines().filter(|name| !name.starts_with("tests/")) {
        let (from, to) = (root().join(name), copy.join(name));
        if !from.is_file() {
            continue;
        }
        if let Some(folder) = to.parent() {
            fs::create_dir_all(folder).map_err(|error| error.to_string())?;
        }
        fs::copy(&from, &to).map_err(|error| format!("Cannot copy {name}: {error}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_titles_and_migrations_are_counted() {
        assert_eq!(title("login_history"), "Login History");
        let list = "const MIGRATIONS: &[M] = &[\n    Statements(a),\n    Work(b),\n];";
        assert_eq!(next_number(list), 3);
        assert!(make(Path::new("/nowhere"), "stage", "Login History").is_err());
        assert!(
            make(Path::new("/nowhere"), "source", "ldap")
                .is_err_and(|it| it.contains("is a crate"))
        );
    }
}
