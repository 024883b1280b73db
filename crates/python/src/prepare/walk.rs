//! The way through the tree of an expression: what it names and does, what becomes another text, and
//! what cannot be used.

use std::collections::BTreeSet;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{CmpOp, Expr, ExprContext, Stmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::known::{BUILT_IN_MODULES, CHANGING, MODULES, QUERIES, WALKING};

/// A place where the text becomes another.
pub(super) struct Edit {
    pub(super) at: TextSize,
    pub(super) length: usize,
    pub(super) with: String,
    pub(super) order: usize,
}

fn insert(at: TextSize, with: &str) -> Edit {
    Edit { at, length: 0, with: with.to_owned(), order: 0 }
}

/// What was found in an expression on the way through its tree.
#[derive(Default)]
pub(super) struct Walk<'t> {
    text: &'t str,
    pub(super) bound: BTreeSet<String>,
    pub(super) mentions: BTreeSet<String>,
    pub(super) loads: Vec<(String, TextSize)>,
    pub(super) edits: Vec<Edit>,
    /// Where truth, length or items are asked of what may be a query.
    pub(super) asks: Vec<Edit>,
    /// Where it is asked whether something is in a query or a network.
    pub(super) contains: Vec<Edit>,
    /// What is returned where something is yielded.
    pub(super) returns: Vec<Edit>,
    pub(super) refused: Vec<(TextSize, String)>,
    pub(super) keys: Vec<String>,
    pub(super) queries: bool,
    pub(super) yields: bool,
    pub(super) writes: bool,
    /// Within how many functions of the expression's own.
    inside: usize,
    order: usize,
}

impl Walk<'_> {
    pub(super) fn of(text: &str) -> Walk<'_> {
        Walk { text, ..Walk::default() }
    }

    fn slice(&self, range: TextRange) -> &str {
        self.text.get(range.start().to_usize()..range.end().to_usize()).unwrap_or_default()
    }

    fn refuse(&mut self, at: &impl Ranged, what: &str) {
        self.refused.push((at.start(), format!("{what} can't be used in expressions.")));
    }

    fn replace(&mut self, range: TextRange, with: String) {
        self.order += 1;
        let (at, length) = (range.start(), range.len().to_usize());
        self.edits.push(Edit { at, length, with, order: self.order });
    }

    fn wrap(&mut self, expression: &Expr, function: &str) {
        self.order += 2;
        let (start, end) = (expression.start(), expression.end());
        let (with, order) = (format!("{function}("), self.order);
        self.asks.push(Edit { at: start, length: 0, with, order });
        // Ends of what is inside come first at the same place.
        self.asks.push(Edit {
            at: end,
            length: 0,
            with: ")".to_owned(),
            order: usize::MAX - order,
        });
    }

    fn bind(&mut self, name: &str) {
        self.bound.insert(name.to_owned());
    }

    /// `yield x` gives a list in the end: every reader of a generator makes one of it.
    fn yielded(&mut self, statement: &Stmt, method: &str) {
        if self.inside > 0 {
            return self.refuse(statement, "yield within a function");
        }
        self.yields = true;
        let Stmt::Expr(expression) = statement else { return };
        let inner = match &*expression.value {
            Expr::Yield(inner) => inner.value.as_deref(),
            Expr::YieldFrom(inner) => Some(&*inner.value),
            _ => None,
        };
        let whole = expression.value.range();
        match inner {
            Some(inner) => {
                let head = TextRange::new(whole.start(), inner.start());
                // Parentheses before the value belong to the head.
                let text = self.slice(head).to_owned();
                let kept: String = text.chars().filter(|letter| *letter == '(').collect();
                self.replace(head, format!("_ak_out.{method}({kept}"));
                self.order += 1;
                let order = self.order;
                self.edits.push(Edit { at: whole.end(), length: 0, with: ")".to_owned(), order });
                self.visit_expr(inner);
            }
            None => self.replace(whole, "_ak_out.append(None)".to_owned()),
        }
    }

    fn import(&mut self, statement: &Stmt) {
        let mut written = Vec::new();
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    let name = alias.asname.as_ref().map_or(module, |name| name.as_str());
                    self.bind(name.split('.').next().unwrap_or(name));
                    if BUILT_IN_MODULES.contains(&module) {
                        written.push(match &alias.asname {
                            Some(name) => format!("import {module} as {}", name.as_str()),
                            None => format!("import {module}"),
                        });
                    } else if module == "requests" {
                        written.push(format!("{name} = _ak_modules[\"requests\"][\"\"]"));
                    } else {
                        self.refused.push((import.start(), no_module(module)));
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let known = MODULES.iter().find(|(name, _)| *name == module);
                for alias in &import.names {
                    let (name, local) = (
                        alias.name.as_str(),
                        alias.asname.as_ref().map_or(alias.name.as_str(), |name| name.as_str()),
                    );
                    self.bind(local);
                    if BUILT_IN_MODULES.contains(&module) {
                        written.push(format!("from {module} import {name} as {local}"));
                        continue;
                    }
                    match known {
                        Some((_, names)) if !names.contains(&name) => self.refused.push((
                            import.start(),
                            format!("cannot import name '{name}' from '{module}'"),
                        )),
                        Some(("requests", _)) => {
                            written
                                .push(format!("{local} = _ak_modules[\"requests\"][\"\"].{name}"));
                        }
                        Some((module, _)) => {
                            written
                                .push(format!("{local} = _ak_modules[\"{module}\"][\"{name}\"]"));
                        }
                        None => self.refused.push((import.start(), no_module(module))),
                    }
                }
            }
            _ => {}
        }
        // In one line with as many after it as the text had, so that lines stay what they are.
        let lines = self.slice(statement.range()).matches('\n').count();
        self.replace(statement.range(), written.join("; ") + &"\n".repeat(lines));
    }

    fn deleted(&mut self, statement: &Stmt) {
        let Stmt::Delete(delete) = statement else { return };
        let mut written = Vec::new();
        for target in &delete.targets {
            match target {
                Expr::Subscript(item) if !matches!(&*item.slice, Expr::Slice(_)) => {
                    self.writes = true;
                    written.push(format!(
                        "{}.pop({})",
                        self.slice(item.value.range()),
                        self.slice(item.slice.range())
                    ));
                    // What is inside is copied as it is, so names in it are only noted.
                    let edits = self.edits.len();
                    let asks = self.asks.len();
                    self.visit_expr(&item.value);
                    self.visit_expr(&item.slice);
                    self.edits.truncate(edits);
                    self.asks.truncate(asks);
                }
                Expr::Name(name) => written.push(format!("{} = None", name.id)),
                other => self.refuse(other, "del of this"),
            }
        }
        self.replace(delete.range(), written.join("; "));
    }

    fn keys_of(&mut self, value: &Expr) {
        match value {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    if let Some(Expr::StringLiteral(key)) = &item.key {
                        self.keys.push(key.value.to_str().to_owned());
                    }
                }
            }
            Expr::If(choice) => {
                self.keys_of(&choice.body);
                self.keys_of(&choice.orelse);
            }
            _ => {}
        }
    }
}

fn no_module(module: &str) -> String {
    format!(
        "No module named '{module}': expressions can import {} and the names of authentik that docs/expressions.md lists",
        BUILT_IN_MODULES.join(", ")
    )
}

impl<'a> Visitor<'a> for Walk<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(_) | Stmt::ImportFrom(_) => return self.import(statement),
            Stmt::Delete(_) => return self.deleted(statement),
            Stmt::Expr(expression) => match &*expression.value {
                Expr::Yield(_) => return self.yielded(statement, "append"),
                Expr::YieldFrom(_) => return self.yielded(statement, "extend"),
                _ => {}
            },
            Stmt::FunctionDef(function) => {
                self.bind(function.name.as_str());
                if function.is_async {
                    return self.refuse(function, "async");
                }
                if !function.decorator_list.is_empty() {
                    return self.refuse(function, "A decorator");
                }
                self.inside += 1;
                visitor::walk_stmt(self, statement);
                self.inside -= 1;
                return;
            }
            Stmt::ClassDef(class) => return self.refuse(class, "A class"),
            Stmt::Match(matching) => return self.refuse(matching, "match"),
            Stmt::Global(global) => return self.refuse(global, "global"),
            Stmt::TypeAlias(alias) => return self.refuse(alias, "A type alias"),
            Stmt::For(each) if each.is_async => return self.refuse(each, "async"),
            Stmt::With(with) => return self.refuse(with, "with"),
            Stmt::If(decision) => {
                self.wrap(&decision.test, "_ak_truth");
                for clause in &decision.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.wrap(test, "_ak_truth");
                    }
                }
            }
            Stmt::For(each) => self.wrap(&each.iter, "_ak_items"),
            Stmt::While(repeat) => self.wrap(&repeat.test, "_ak_truth"),
            // In what yields, only the list that it made is returned.
            Stmt::Return(given) if self.inside == 0 => match &given.value {
                Some(value) => {
                    self.keys_of(value);
                    self.returns.push(insert(value.start(), "(_ak_out, "));
                    self.returns.push(insert(value.end(), ")[0]"));
                }
                None => self.returns.push(insert(given.end(), " _ak_out")),
            },
            Stmt::Try(attempt) => {
                for handler in &attempt.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    if let Some(name) = &handler.name {
                        self.bind(name.as_str());
                    }
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_parameter(&mut self, parameter: &'a ruff_python_ast::Parameter) {
        self.bind(parameter.name.as_str());
        visitor::walk_parameter(self, parameter);
    }

    fn visit_comprehension(&mut self, each: &'a ruff_python_ast::Comprehension) {
        self.wrap(&each.iter, "_ak_items");
        for test in &each.ifs {
            self.wrap(test, "_ak_truth");
        }
        visitor::walk_comprehension(self, each);
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Name(name) => match name.ctx {
                ExprContext::Load => {
                    let id = name.id.as_str();
                    if id.starts_with("_ak_") || id.starts_with("__") {
                        self.refuse(name, &format!("The name {id}"));
                    }
                    self.loads.push((id.to_owned(), name.start()));
                }
                ExprContext::Store | ExprContext::Del | ExprContext::Invalid => {
                    if name.id.starts_with("_ak_") {
                        self.refuse(name, &format!("The name {}", name.id));
                    }
                    self.bind(name.id.as_str());
                }
            },
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                if name.starts_with("__") {
                    self.refuse(attribute, &format!("The attribute {name}"));
                }
                if name == "set_password" {
                    self.refuse(attribute, "set_password()");
                }
                self.mentions.insert(name.to_owned());
                self.queries |= QUERIES.contains(&name);
                self.writes |= attribute.ctx == ExprContext::Store || CHANGING.contains(&name);
            }
            Expr::Subscript(item) => match item.ctx {
                ExprContext::Load => self.wrap(&item.value, "_ak_items"),
                _ => self.writes = true,
            },
            Expr::Call(call) => match &*call.func {
                Expr::Name(name) if WALKING.contains(&name.id.as_str()) => {
                    for argument in call.arguments.args.iter().filter(|it| !it.is_starred_expr()) {
                        self.wrap(argument, "_ak_items");
                    }
                }
                Expr::Name(name) if name.id == "bool" => {
                    if let [argument] = &*call.arguments.args {
                        self.wrap(argument, "_ak_truth");
                    }
                }
                Expr::Attribute(method)
                    if ["join", "extend", "update"].contains(&method.attr.as_str()) =>
                {
                    if let [argument] = &*call.arguments.args {
                        self.wrap(argument, "_ak_items");
                    }
                }
                Expr::Name(name) if name.id == "ak_call_policy" => self.writes = true,
                _ => {}
            },
            // Only the last operand tells what is asked of the others.
            Expr::Compare(chain) => {
                if let ([op], [whole]) = (&*chain.ops, &*chain.comparators)
                    && matches!(op, CmpOp::In | CmpOp::NotIn)
                {
                    let not = if *op == CmpOp::NotIn { "not " } else { "" };
                    self.order += 2;
                    let order = self.order;
                    let between = TextRange::new(chain.left.end(), whole.start());
                    // Parentheses around either side stay on their side.
                    let kept: String = self
                        .slice(between)
                        .chars()
                        .filter(|letter| matches!(letter, '(' | ')'))
                        .collect();
                    let (closing, opening) = kept.split_at(kept.rfind(')').map_or(0, |at| at + 1));
                    let with = format!("{closing}, {opening}");
                    // Before what is put in at the same place.
                    self.contains.push(Edit {
                        at: between.start(),
                        length: between.len().to_usize(),
                        with,
                        order: usize::MAX,
                    });
                    let with = format!("{not}_ak_in(");
                    self.contains.push(Edit { at: expression.start(), length: 0, with, order });
                    let order = usize::MAX - order;
                    let with = ")".to_owned();
                    self.contains.push(Edit { at: expression.end(), length: 0, with, order });
                }
            }
            Expr::UnaryOp(not) if not.op == ruff_python_ast::UnaryOp::Not => {
                self.wrap(&not.operand, "_ak_truth");
            }
            Expr::BoolOp(chain) => {
                // Their value may be taken, so a query becomes its rows.
                for value in chain.values.iter().rev().skip(1) {
                    self.wrap(value, "_ak_items");
                }
            }
            Expr::If(choice) => self.wrap(&choice.test, "_ak_truth"),
            Expr::Yield(inner) => return self.refuse(inner, "yield as a value"),
            Expr::YieldFrom(inner) => return self.refuse(inner, "yield as a value"),
            Expr::Await(inner) => return self.refuse(inner, "await"),
            Expr::TString(inner) => return self.refuse(inner, "A template string"),
            _ => {}
        }
        visitor::walk_expr(self, expression);
    }
}
