//! Parsing within limits. There is one tree of a message: it is verified and read.

use std::collections::HashSet;

use uppsala::{Document, NodeId, NodeKind, Parser};

use crate::names::DSIG;
use crate::refusal::Refusal;

/// What a document may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) bytes: usize,
    pub(crate) depth: u32,
    pub(crate) elements: usize,
    pub(crate) attributes: usize,
    pub(crate) comments: bool,
}

/// Of a message that a browser brings.
pub(crate) const MESSAGE: Limits =
    Limits { bytes: 65_536, depth: 32, elements: 1_000, attributes: 40, comments: false };
/// Of metadata that an administrator brings.
pub(crate) const METADATA: Limits =
    Limits { bytes: 1_048_576, depth: 48, elements: 20_000, attributes: 60, comments: true };

pub(crate) struct Tree<'a> {
    pub(crate) document: Document<'a>,
    pub(crate) source: &'a str,
    root: NodeId,
}

impl<'a> Tree<'a> {
    pub(crate) fn parse(bytes: &'a [u8], limits: Limits) -> Result<Tree<'a>, Refusal> {
        if bytes.len() > limits.bytes {
            return Err(Refusal::TooLarge);
        }
        let source = str::from_utf8(bytes).map_err(|_| Refusal::NotXml)?;
        if source.contains("<!DOCTYPE") {
            return Err(Refusal::Doctype);
        }
        // Before the parser walks it: how deep it goes is what costs.
        if nesting(source) > limits.depth as usize {
            return Err(Refusal::TooDeep);
        }
        let parser = Parser::new()
            .with_forbid_dtd(true)
            .with_forbid_entities(true)
            .with_max_depth(limits.depth.saturating_add(1));
        let document = parser.parse(source).map_err(|_| Refusal::NotXml)?;
        let root = document.document_element().ok_or(Refusal::NotXml)?;
        let tree = Tree { document, source, root };
        tree.check(limits)?;
        Ok(tree)
    }

    fn check(&self, limits: Limits) -> Result<(), Refusal> {
        let (mut elements, mut ids) = (0, HashSet::new());
        for id in self.document.descendants(self.document.root()) {
            match self.document.node_kind(id) {
                Some(NodeKind::Comment(_) | NodeKind::ProcessingInstruction(_))
                    if !limits.comments =>
                {
                    return Err(Refusal::Comment);
                }
                Some(NodeKind::Element(element)) => {
                    elements += 1;
                    if elements > limits.elements || element.attributes.len() > limits.attributes {
                        return Err(Refusal::TooMany);
                    }
                    // Whichever of these a library takes for an ID, it finds one element by it.
                    let named = element.attributes.iter().filter(|attribute| {
                        attribute.name.local_name.eq_ignore_ascii_case("id")
                            || &*attribute.name.local_name == "AssertionID"
                    });
                    for attribute in named {
                        if !ids.insert(&*attribute.value) {
                            return Err(Refusal::DuplicateId);
                        }
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    pub(crate) fn root(&self) -> Node<'_, 'a> {
        Node { tree: self, id: self.root }
    }

    /// Every signature of the document, wherever it is.
    pub(crate) fn signatures(&self) -> Vec<Node<'_, 'a>> {
        self.everywhere(DSIG, "Signature")
    }

    /// Every element of this name, wherever it is, in the order of the document.
    pub(crate) fn everywhere(&self, namespace: &str, name: &str) -> Vec<Node<'_, 'a>> {
        let all = self.document.descendants(self.document.root()).into_iter();
        all.map(|id| Node { tree: self, id }).filter(|node| node.is(namespace, name)).collect()
    }
}

/// How deep tags are nested at most, without building anything.
fn nesting(source: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0_usize);
    let mut bytes = source.bytes().peekable();
    let mut before = 0;
    while let Some(byte) = bytes.next() {
        match byte {
            b'<' if bytes.peek() == Some(&b'/') => depth = depth.saturating_sub(1),
            b'<' if !matches!(bytes.peek(), Some(b'!' | b'?')) => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            // `</a/>` is no XML and refused by the parser.
            b'>' if before == b'/' => depth = depth.saturating_sub(1),
            _ => {}
        }
        before = byte;
    }
    deepest
}

/// An element of a tree.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t, 'a> {
    pub(crate) tree: &'t Tree<'a>,
    pub(crate) id: NodeId,
}

impl<'t, 'a> Node<'t, 'a> {
    pub(crate) fn is(self, namespace: &str, name: &str) -> bool {
        let element = self.tree.document.element(self.id);
        element.is_some_and(|element| element.matches_name_ns(namespace, name))
    }

    /// An attribute without a namespace, as all of SAML's are.
    pub(crate) fn attribute(self, name: &str) -> Option<&'t str> {
        let element = self.tree.document.element(self.id)?;
        let mut all = element.attributes.iter();
        let found = all.find(|a| a.name.matches(None, name) && a.name.prefix.is_none())?;
        Some(&found.value)
    }

    pub(crate) fn name(self) -> Option<&'t str> {
        self.tree.document.element(self.id).map(|element| &*element.name.local_name)
    }

    pub(crate) fn parent(self) -> Option<NodeId> {
        self.tree.document.parent(self.id)
    }

    pub(crate) fn children(self) -> impl Iterator<Item = Node<'t, 'a>> {
        let tree = self.tree;
        let all = tree.document.children(self.id).into_iter();
        all.filter(|id| tree.document.element(*id).is_some()).map(move |id| Node { tree, id })
    }

    pub(crate) fn all(
        self,
        namespace: &'static str,
        name: &'static str,
    ) -> impl Iterator<Item = Node<'t, 'a>> {
        self.children().filter(move |child| child.is(namespace, name))
    }

    /// The child of this name, of which there is one at most.
    pub(crate) fn child(
        self,
        namespace: &'static str,
        name: &'static str,
    ) -> Result<Option<Node<'t, 'a>>, Refusal> {
        let mut found = self.all(namespace, name);
        let first = found.next();
        if found.next().is_some() {
            return Err(Refusal::RepeatedElement(name));
        }
        Ok(first)
    }

    pub(crate) fn needed(
        self,
        namespace: &'static str,
        name: &'static str,
    ) -> Result<Node<'t, 'a>, Refusal> {
        self.child(namespace, name)?.ok_or(Refusal::MissingElement(name))
    }

    /// All of its text, without the whitespace around it. `None` with elements in it.
    pub(crate) fn text(self) -> Option<String> {
        let document = &self.tree.document;
        let mut text = String::new();
        for id in document.children(self.id) {
            match document.node_kind(id)? {
                NodeKind::Text(part) | NodeKind::CData(part) => text.push_str(part),
                NodeKind::Comment(_) | NodeKind::ProcessingInstruction(_) => {}
                _ => return None,
            }
        }
        Some(text.trim().to_owned())
    }

    /// The text in it and in everything below, without the whitespace around it.
    pub(crate) fn text_below(self) -> String {
        self.tree.document.text_content_deep(self.id).trim().to_owned()
    }

    /// The namespaces that its content knows, by prefix; the empty one is the default.
    pub(crate) fn namespaces(self) -> Vec<(&'t str, &'t str)> {
        let document = &self.tree.document;
        let mut known: Vec<(&str, &str)> = Vec::new();
        let mut at = Some(self.id);
        while let Some(id) = at {
            for (prefix, uri) in
                document.element(id).into_iter().flat_map(|e| &e.namespace_declarations)
            {
                if !known.iter().any(|(other, _)| *other == &**prefix) {
                    known.push((prefix, uri));
                }
            }
            at = document.parent(id);
        }
        known
    }
}
