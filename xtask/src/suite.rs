//! `cargo xtask test`: everything that proves the project, in the order in which it fails fastest.

use std::path::{Path, PathBuf};

use crate::build;
use crate::new;
use crate::services::Services;
use crate::shell::{Outcome, Stamp, call, command, install, root, step, target, watch};
use crate::tools;

/// What passed and what did not, tests and other checks together.
#[derive(Default)]
struct Tally {
    passed: u64,
    failed: u64,
    reasons: Vec<String>,
}

/// What fails fastest: format, types, lints and unit tests.
pub(crate) fn check() -> Outcome {
    tools::check(&["cargo", "cc", "node", "npm"])?;
    let mut tally = Tally::default();
    tally.without_a_server();
    tally.close()
}

pub(crate) fn test(options: &[String]) -> Outcome {
    tools::check(&["cargo", "cc", "node", "npm", "python3"])?;
    let options = options.strip_prefix(&["--".to_owned()]).unwrap_or(options);
    let mut tally = Tally::default();
    tally.check("Programs that verify documents of SAML", verifiers);
    if options.is_empty() {
        tally.without_a_server();
        tally.check("New stages, policies and tables build", new::prove);
    } else {
        tally.check("Web interface: build", build::web);
    }
    tally.check("Programs", || {
        if options.is_empty() { build::linted_programs() } else { build::programs(false) }
    });
    match step("What the end-to-end tests need", prepare) {
        Ok(python) if options.is_empty() => tally.both_engines(&python),
        Ok(python) => tally.end_to_end("End-to-end tests", &python, options, &[]),
        Err(reason) => tally.fail("What the end-to-end tests need", &reason),
    }
    tally.close()
}

impl Tally {
    fn without_a_server(&mut self) {
        self.check("Format", || call(&mut command("cargo fmt --all --check")));
        // The program takes the web interface in when it is built, so that comes first.
        self.check("Web interface: types", || {
            build::packages().and_then(|()| build::npm("run check --if-present"))
        });
        self.check("Web interface: build", build::web);
        self.check("Web interface: tests", || build::npm("run test --if-present"));
        let all = "cargo test --workspace --all-targets --no-run";
        self.check("Lints, and everything builds", || call(&mut build::linted(all)));
        let tests = "cargo test --workspace --no-fail-fast";
        self.unit_tests("Unit tests", &mut build::linted(tests));
    }

    /// Says what failed, and how much passed.
    fn close(self) -> Outcome {
        println!();
        for reason in &self.reasons {
            println!("failed: {reason}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        if self.failed == 0 { Ok(()) } else { Err(String::new()) }
    }

    /// A check that passes or fails as one.
    fn check(&mut self, title: &str, work: impl FnOnce() -> Outcome) {
        match step(title, work) {
            Ok(()) => self.passed += 1,
            Err(reason) => self.fail(title, &reason),
        }
    }

    fn fail(&mut self, title: &str, reason: &str) {
        println!("{reason}");
        self.failed += 1;
        self.reasons.push(format!("{title}: {reason}"));
    }

    fn unit_tests(&mut self, title: &str, tests: &mut std::process::Command) {
        let counts = std::cell::Cell::new((0, 0));
        let outcome = step(title, || {
            watch("", tests, |line| {
                if line.starts_with("test result:") {
                    counts.set(added(counts.get(), line));
                }
            })
        });
        self.counted(title, counts.get(), outcome);
    }

    /// The end-to-end suite, and beside it the part that depends on the database once more on
    /// PostgreSQL and Redis: both mostly wait for servers and browsers, so together they take
    /// little longer than one.
    fn both_engines(&mut self, python: &Path) {
        let mut shared = Self::default();
        std::thread::scope(|scope| {
            scope.spawn(|| shared.on_postgresql(python));
            self.end_to_end("End-to-end tests", python, &[], &[]);
        });
        self.passed += shared.passed;
        self.failed += shared.failed;
        self.reasons.append(&mut shared.reasons);
    }

    fn on_postgresql(&mut self, python: &Path) {
        let services = match step("A PostgreSQL and a Redis", Services::start) {
            Ok(services) => services,
            Err(reason) => return self.fail("A PostgreSQL and a Redis", &reason),
        };
        let settings = services.settings();
        // Of the workspace, so that what it depends on is built as it was for the unit tests.
        let tests = "cargo test --workspace --no-fail-fast --test integration";
        let mut tests = build::linted(tests);
        tests.envs(settings.clone());
        self.unit_tests("Integration tests on PostgreSQL and Redis", &mut tests);
        let parts = SHARED.map(|name| format!("e2e/test_{name}.py"));
        self.end_to_end("End-to-end tests on PostgreSQL and Redis", python, &parts, &settings);
    }

    fn end_to_end(
        &mut self,
        title: &str,
        python: &Path,
        options: &[String],
        settings: &[(&str, String)],
    ) {
        let counts = std::cell::Cell::new((0, 0));
        // Two runs share the terminal.
        let label = if settings.is_empty() { "" } else { "postgresql: " };
        let outcome = step(title, || {
            let mut pytest = std::process::Command::new(python);
            pytest
                .args(["-m", "pytest", "-p", "no:cacheprovider", "--color=no"])
                .args(options)
                .current_dir(root().join("tests"))
                .env("COUNTERSIGN_PROGRAM", build::program("countersign", false))
                .env("COUNTERSIGN_DEMO_PROGRAM", build::program("countersign-demo", false))
                .env("PYTHONDONTWRITEBYTECODE", "1")
                .envs(settings.iter().cloned());
            watch(label, &mut pytest, |line| {
                counts.set(summary(line).unwrap_or(counts.get()));
            })
        });
        self.counted(title, counts.get(), outcome);
    }

    /// Tests that were counted; a run that failed without a failed test counts as one failure.
    fn counted(&mut self, title: &str, (passed, failed): (u64, u64), outcome: Outcome) {
        self.passed += passed;
        self.failed += failed;
        if let Err(reason) = outcome {
            self.failed += u64::from(failed == 0);
            self.reasons.push(format!("{title}: {reason}"));
        }
    }
}

/// Files of the end-to-end suite that run on both databases.
const SHARED: [&str; 51] = [
    "sign_out",
    "ldap",
    "safe_writes",
    "policies",
    "explained",
    "expressions",
    "routes",
    "bad_input",
    "compatibility",
    "health",
    "replicas",
    "read_replicas",
    "workers",
    "balanced",
    "pooler",
    "guide_flask",
    "demo",
    "oauth2",
    "device",
    "sign_in",
    "races",
    "restart",
    "client_python",
    "durability",
    "faults",
    "engines",
    "upgrades",
    "mail",
    "events",
    "deletions",
    "doors",
    "example_key",
    "guessing",
    "numbers",
    "second_factors",
    "codes",
    "recovery",
    "passkeys",
    "people_search",
    "proxy",
    "radius",
    "outposts",
    "saml",
    "saml_source",
    "ldap_source",
    "sources",
    "mtls",
    "mtls_stage",
    "roles",
    "accounts_admin",
    "secrets",
];

/// Counts of a closing line such as `test result: ok. 3 passed; 0 failed; ..`.
fn added((passed, failed): (u64, u64), line: &str) -> (u64, u64) {
    (passed + before(line, "passed").unwrap_or(0), failed + before(line, "failed").unwrap_or(0))
}

/// Counts of pytest's closing line, such as `== 1 failed, 40 passed in 63.20s (0:01:03) ==`.
fn summary(line: &str) -> Option<(u64, u64)> {
    let line = line.trim_matches(['=', ' ']);
    line.contains(" in ").then_some(())?;
    let failed = before(line, "failed").unwrap_or(0)
        + before(line, "errors").or_else(|| before(line, "error")).unwrap_or(0);
    let passed = before(line, "passed");
    (passed.is_some() || failed > 0).then_some((passed.unwrap_or(0), failed))
}

/// The number in front of a word.
fn before(line: &str, word: &str) -> Option<u64> {
    let words: Vec<&str> = line.split([' ', ',', ';']).filter(|part| !part.is_empty()).collect();
    words.windows(2).find_map(|pair| match pair {
        [number, found] if *found == word => number.parse().ok(),
        _ => None,
    })
}

/// What documents of SAML are verified with by tests: signatures, encryption, schemas. Unit tests do
/// without where they are not there.
fn verifiers() -> Outcome {
    install("/usr/bin/xmlsec1", "xmlsec1")?;
    install("/usr/bin/xmllint", "libxml2-utils")?;
    let schemas = "opensaml-schemas xmltooling-schemas";
    install("/usr/share/xml/opensaml/saml-schema-protocol-2.0.xsd", schemas)
}

/// Installs the Python and Node packages of the suite and a browser; the Python that has them.
fn prepare() -> Outcome<PathBuf> {
    let tests = root().join("tests");
    let python = python_packages(&tests)?;
    node_packages(&tests)?;
    install("/usr/bin/chromium", "chromium fonts-dejavu-core")?;
    install("/usr/bin/faketime", "faketime")?;
    install("/usr/sbin/nginx", "nginx-light")?;
    install("/usr/sbin/haproxy", "haproxy")?;
    install("/usr/share/lua/5.3/socket/http.lua", "lua-socket")?;
    install("/usr/bin/radclient", "freeradius-utils")?;
    install("/usr/bin/ldapsearch", "ldap-utils")?;
    install("/usr/sbin/slapd", "slapd")?;
    install("/usr/bin/docker-compose", "docker-compose")?;
    for (file, packages) in PEERS {
        install(file, packages)?;
    }
    Ok(python)
}

/// Applications of other people that sign in here: what shows that they are there, and their packages.
const PEERS: [(&str, &str); 8] = [
    ("/usr/lib/apache2/modules/mod_auth_mellon.so", "apache2 libapache2-mod-auth-mellon"),
    ("/usr/lib/apache2/modules/mod_auth_openidc.so", "libapache2-mod-auth-openidc"),
    ("/usr/lib/apache2/modules/mod_shib.so", "libapache2-mod-shib"),
    ("/usr/lib/python3/dist-packages/onelogin", "python3-onelogin-saml2"),
    ("/usr/sbin/sssd", "sssd-ldap libnss-sss libpam-sss"),
    ("/usr/sbin/nslcd", "nslcd libnss-ldapd libpam-ldapd"),
    ("/usr/sbin/freeradius", "freeradius"),
    ("/usr/bin/pamtester", "libpam-radius-auth pamtester"),
];

fn python_packages(tests: &Path) -> Outcome<PathBuf> {
    let environment = target().join("venv");
    let python = environment.join("bin/python");
    let wanted = tests.join("requirements.txt");
    let text = std::fs::read_to_string(&wanted)
        .map_err(|error| format!("Cannot read {}: {error}", wanted.display()))?;
    let stamp = Stamp::new("python", text);
    if stamp.is_current() && python.exists() {
        return Ok(python);
    }
    println!("    Python packages");
    let missing = |reason: String| format!("{reason}: apt-get install python3-venv");
    call(command("python3 -m venv").arg(&environment)).map_err(missing)?;
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
    call(std::process::Command::new(&python).args(install).arg(&wanted))?;
    stamp.keep()?;
    Ok(python)
}

fn node_packages(tests: &Path) -> Outcome {
    let Ok(text) = std::fs::read_to_string(tests.join("package-lock.json")) else {
        return Ok(());
    };
    let stamp = Stamp::new("tests-node", text);
    if stamp.is_current() && tests.join("node_modules").exists() {
        return Ok(());
    }
    println!("    Node packages");
    call(command("npm ci --no-audit --no-fund --ignore-scripts").current_dir(tests))?;
    stamp.keep()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// pytest runs nothing at all when one of the files it is given is missing.
    #[test]
    fn files_that_run_on_both_databases_exist() {
        for name in SHARED {
            let file = root().join(format!("tests/e2e/test_{name}.py"));
            assert!(file.is_file(), "SHARED names {}, which is not there", file.display());
        }
    }

    #[test]
    fn closing_lines_are_counted() {
        assert_eq!(
            added((1, 1), "test result: FAILED. 26 passed; 2 failed; 0 ignored; finished in 0.3s"),
            (27, 3)
        );
        assert_eq!(
            summary("====== 1 failed, 40 passed, 2 errors in 63.20s (0:01:03) ======"),
            Some((40, 3))
        );
        assert_eq!(summary("12 passed in 1.00s"), Some((12, 0)));
        assert_eq!(summary("1 error in 0.10s"), Some((0, 1)));
        assert_eq!(summary("tests/e2e/test_x.py::nothing failed in time"), None);
    }
}
