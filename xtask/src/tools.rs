//! What has to be on the machine, each missing thing told in one line with its remedy.

use std::net::{Ipv4Addr, TcpListener};

use crate::shell::{Outcome, answer};

struct Tool {
    name: &'static str,
    version: &'static str,
    /// The oldest major version that will do.
    least: u32,
    remedy: &'static str,
}

const TOOLS: [Tool; 5] = [
    Tool {
        name: "cargo",
        version: "cargo --version",
        least: 1,
        remedy: "install Rust 1.95 or newer with rustup",
    },
    Tool {
        name: "cc",
        version: "cc --version",
        least: 0,
        remedy: "install a C compiler: apt-get install gcc",
    },
    Tool {
        name: "node",
        version: "node --version",
        least: 20,
        remedy: "install Node.js 20 or newer",
    },
    Tool {
        name: "npm",
        version: "npm --version",
        least: 8,
        remedy: "install npm, which comes with Node.js",
    },
    Tool {
        name: "python3",
        version: "python3 --version",
        least: 3,
        remedy: "install Python 3.11 or newer: apt-get install python3 python3-venv",
    },
];

/// All of the named tools, or one line for each that is missing or too old.
pub(crate) fn check(names: &[&str]) -> Outcome {
    let wrong: Vec<String> = TOOLS
        .iter()
        .filter(|tool| names.contains(&tool.name))
        .filter_map(|tool| match answer(tool.version) {
            None => Some(format!("{} is missing: {}.", tool.name, tool.remedy)),
            Some(text) if major(&text).is_some_and(|version| version < tool.least) => {
                Some(format!("{} is too old ({text}): {}.", tool.name, tool.remedy))
            }
            Some(_) => None,
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// The first number of a version text such as `v20.11.1` or `cargo 1.95.0 (..)`.
fn major(text: &str) -> Option<u32> {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    digits.filter(|part| !part.is_empty()).find_map(|part| part.parse().ok())
}

/// A port that something is to listen on, and how to choose another one.
pub(crate) struct Port {
    pub(crate) number: u16,
    pub(crate) purpose: &'static str,
    pub(crate) setting: &'static str,
}

/// All ports free, or one line for each that is not.
pub(crate) fn check_ports(ports: &[Port]) -> Outcome {
    let taken: Vec<String> = ports
        .iter()
        .filter(|port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port.number)).is_err())
        .map(|port| {
            format!(
                "Port {} ({}) is taken: stop the program that uses it (`ss -ltnp` names it), or choose another one with {}=0.0.0.0:PORT.",
                port.number, port.purpose, port.setting
            )
        })
        .collect();
    if taken.is_empty() { Ok(()) } else { Err(taken.join("\n")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_print_them() {
        for (text, expected) in [
            ("v20.11.1", Some(20)),
            ("cargo 1.95.0 (f2d3ce0bd)", Some(1)),
            ("11.6.2", Some(11)),
            ("none", None),
        ] {
            assert_eq!(major(text), expected, "{text}");
        }
    }

    #[test]
    fn a_missing_tool_is_one_line() {
        assert!(check(&["cargo"]).is_ok());
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0));
        let number = listener
            .as_ref()
            .ok()
            .and_then(|listener| listener.local_addr().ok())
            .map_or(0, |address| address.port());
        let taken = check_ports(&[Port { number, purpose: "test", setting: "SOME_SETTING" }]);
        assert!(taken.is_err_and(|text| text.contains(&number.to_string())
            && text.contains("SOME_SETTING")
            && text.lines().count() == 1));
    }
}
