//! What a directory says of its attributes (RFC 4512, 4.2): whether one has several values, and
//! whether they are numbers. As the original's library, which mappings were written for, gives
//! them: one value alone, else a list.

use std::collections::{BTreeSet, HashMap};

use countersign_ldap::client::{Entry, Filter, Scope, Search};

use crate::line::{Line, Trouble};

/// As many descriptions are read.
const MOST: usize = 20_000;

/// What an attribute's values are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) single: bool,
    pub(crate) syntax: Syntax,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Syntax {
    #[default]
    Text,
    Integer,
    Boolean,
}

/// Attributes by their names in small letters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Schema(HashMap<String, Attribute>);

impl Schema {
    /// Asks for it. A directory that does not show it has attributes with lists only.
    pub(crate) async fn read(line: &mut Line) -> Result<Schema, Trouble> {
        let root = line.entry("", &["subschemaSubentry"]).await?;
        let Some(name) = root.as_ref().and_then(|root| first(root, "subschemaSubentry")) else {
            return Ok(Schema::default());
        };
        let filter = Filter::equal("objectClass", "subschema");
        let search = Search {
            base: &name,
            scope: Scope::Base,
            filter: &filter,
            attributes: &["attributeTypes"],
            page: None,
            most: 1,
        };
        let found = line.page(search).await?.entries;
        let all = found.iter().flat_map(|entry| &entry.attributes);
        let all = all.filter(|(name, _)| name.eq_ignore_ascii_case("attributeTypes"));
        let texts =
            all.flat_map(|(_, values)| values).filter_map(|value| std::str::from_utf8(value).ok());
        Ok(Schema::of(texts))
    }

    fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Schema {
        let mut all = HashMap::new();
        let (mut above, mut open) = (HashMap::new(), BTreeSet::new());
        for text in texts.take(MOST) {
            let Some(described) = Described::read(text) else { continue };
            for name in &described.names {
                all.insert(name.clone(), described.attribute);
                if let Some(superior) = described.superior.clone().filter(|_| !described.has_syntax)
                {
                    above.insert(name.clone(), superior);
                    open.insert(name.clone());
                }
            }
        }
        // The syntax is that of what it is derived from.
        for name in open {
            let mut at = name.as_str();
            for _ in 0..8 {
                let Some(superior) = above.get(at) else { break };
                at = superior;
            }
            let syntax = all.get(at).map(|attribute: &Attribute| attribute.syntax);
            if let (Some(syntax), Some(attribute)) = (syntax, all.get_mut(&name)) {
                attribute.syntax = syntax;
            }
        }
        Schema(all)
    }

    pub(crate) fn attribute(&self, name: &str) -> Attribute {
        let name = name.split(';').next().unwrap_or(name).to_ascii_lowercase();
        self.0.get(&name).copied().unwrap_or_default()
    }
}

/// The first value of an attribute, as a text.
pub(crate) fn first(entry: &Entry, name: &str) -> Option<String> {
    let mut all = entry.attributes.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    let value = all.find_map(|(_, values)| values.first())?;
    String::from_utf8(value.clone()).ok()
}

struct Described {
    names: Vec<String>,
    superior: Option<String>,
    has_syntax: bool,
    attribute: Attribute,
}

impl Described {
    fn read(text: &str) -> Option<Described> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut words = spaced.split_whitespace().map(|word| word.trim_matches('\''));
        let mut found = Described {
            names: Vec::new(),
            superior: None,
            has_syntax: false,
            attribute: Attribute::default(),
        };
        while let Some(word) = words.next() {
            match word {
                "NAME" => match words.next()? {
                    "(" => {
                        let names = words.by_ref().take_while(|name| *name != ")");
                        found.names.extend(names.map(str::to_ascii_lowercase));
                    }
                    name => found.names.push(name.to_ascii_lowercase()),
                },
                // Words of people, which may be any.
                "DESC" => return Described::after_description(text),
                "SUP" => found.superior = words.next().map(str::to_ascii_lowercase),
                "SINGLE-VALUE" => found.attribute.single = true,
                "SYNTAX" => {
                    found.has_syntax = true;
                    let syntax = words.next()?.split('{').next()?;
                    found.attribute.syntax = match syntax {
                        "1.3.6.1.4.1.1466.115.121.1.27" | "1.2.840.113556.1.4.906" => {
                            Syntax::Integer
                        }
                        "1.3.6.1.4.1.1466.115.121.1.7" => Syntax::Boolean,
                        _ => Syntax::Text,
                    };
                }
                _ => {}
            }
        }
        (!found.names.is_empty()).then_some(found)
    }

    /// The same without its description.
    fn after_description(text: &str) -> Option<Described> {
        let (before, after) = text.split_once("DESC")?;
        let (_, after) = after.split_once('\'')?;
        let (_, after) = after.split_once('\'')?;
        Described::read(&format!("{before} {after}"))
    }
}

#[cfg(test)]
mod tests {
    use super::{Schema, Syntax};

    #[test]
    fn descriptions_are_read() {
        let schema = Schema::of(
            [
                "( 2.5.4.41 NAME 'name' DESC 'RFC4519: (common) SINGLE-VALUE' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15{32768} )",
                "( 2.5.4.3 NAME ( 'cn' 'commonName' ) SUP name )",
                "( 1.3.6.1.1.1.1.0 NAME 'uidNumber' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )",
                "( 1.2.3 NAME 'derived' SUP uidNumber )",
                "( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE )",
                "(1.2.4 NAME 'loop' SUP loop)",
                "nonsense",
                "",
            ]
            .into_iter(),
        );
        assert!(!schema.attribute("CommonName").single);
        assert!(schema.attribute("uidnumber").single);
        assert_eq!(schema.attribute("uidNumber").syntax, Syntax::Integer);
        assert_eq!(schema.attribute("derived").syntax, Syntax::Integer);
        assert!(schema.attribute("sAMAccountName").single);
        assert!(!schema.attribute("name").single);
        assert_eq!(schema.attribute("unknown").syntax, Syntax::Text);
    }
}
