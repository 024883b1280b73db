//! Reading of `#[kind(..)]` and `#[field(..)]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::meta::ParseNestedMeta;
use syn::parse::Parse;
use syn::{Attribute, DeriveInput, Expr, Field, Ident, LitInt, LitStr, Path, Type};

#[derive(Default)]
pub(crate) struct KindAttributes {
    pub(crate) path: String,
    pub(crate) model: String,
    pub(crate) schema: String,
    pub(crate) title: String,
    pub(crate) plural: String,
    pub(crate) component: String,
    pub(crate) description: String,
    pub(crate) space: Option<String>,
    pub(crate) key: Option<Ident>,
    /// The family the kind is of, as `dyn AnyStage`.
    pub(crate) family: Option<Type>,
    /// What else it is, as `dyn Client`: traits that kinds of several families may implement.
    pub(crate) also: Vec<Type>,
    /// The family whose shared fields these are.
    pub(crate) members: Option<Type>,
    pub(crate) bindable: bool,
    pub(crate) lookup: Option<String>,
    pub(crate) ordering: Option<String>,
    pub(crate) label: Option<String>,
    pub(crate) unique_together: String,
    pub(crate) check: Option<Path>,
    pub(crate) hidden: bool,
    pub(crate) format: Option<LitInt>,
    pub(crate) interface: Interface,
}

/// What a kind says about its forms and lists.
#[derive(Default)]
pub(crate) struct Interface {
    order: Vec<String>,
    folds: Vec<(String, String)>,
    aside: Option<(String, String)>,
    named: Vec<String>,
    columns: Vec<(String, Option<String>)>,
    section: Option<String>,
}

impl KindAttributes {
    pub(crate) fn read(input: &DeriveInput) -> syn::Result<KindAttributes> {
        let mut kind = KindAttributes {
            description: doc(&input.attrs),
            schema: input.ident.to_string(),
            ..KindAttributes::default()
        };
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("kind")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                let text =
                    || -> syn::Result<String> { Ok(meta.value()?.parse::<LitStr>()?.value()) };
                match name.as_str() {
                    "path" => kind.path = text()?,
                    "model" => kind.model = text()?,
                    "schema" => kind.schema = text()?,
                    "title" => kind.title = text()?,
                    "plural" => kind.plural = text()?,
                    "component" => kind.component = text()?,
                    "description" => kind.description = text()?,
                    "space" => kind.space = Some(text()?),
                    "lookup" => kind.lookup = Some(text()?),
                    "ordering" => kind.ordering = Some(text()?),
                    "search" => {
                        let _ = text()?;
                        return Err(meta.error("mark the fields themselves: #[field(search)]"));
                    }
                    "label" => kind.label = Some(text()?),
                    "unique_together" => kind.unique_together = text()?,
                    "key" => kind.key = Some(meta.value()?.parse()?),
                    "check" => kind.check = Some(meta.value()?.parse()?),
                    "family" => kind.family = Some(meta.value()?.parse()?),
                    "also" => kind.also.push(meta.value()?.parse()?),
                    "members" => kind.members = Some(meta.value()?.parse()?),
                    "bindable" => kind.bindable = true,
                    "hidden" => kind.hidden = true,
                    "format" => kind.format = Some(meta.value()?.parse()?),
                    "form" => kind.interface.order = words(&text()?),
                    "named" => kind.interface.named = words(&text()?),
                    "section" => kind.interface.section = Some(text()?),
                    "columns" => kind.interface.columns = columns(&text()?),
                    "fold" => kind.interface.folds.push(pair(&meta)?),
                    "aside" => kind.interface.aside = Some(pair(&meta)?),
                    other => return Err(meta.error(format!("unknown kind attribute `{other}`"))),
                }
                Ok(())
            })?;
        }
        if kind.path.is_empty() || kind.model.is_empty() || kind.title.is_empty() {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "#[kind(..)] needs at least path, model and title",
            ));
        }
        if kind.family.is_some() && (kind.space.is_some() || kind.key.is_some()) {
            return Err(syn::Error::new_spanned(
                &input.ident,
                "space and key come from the family",
            ));
        }
        if kind.plural.is_empty() {
            kind.plural = format!("{}s", kind.title);
        }
        Ok(kind)
    }
}

impl Interface {
    /// As an expression, when it names only what is there.
    pub(crate) fn meta(&self, of: &Ident, fields: &[FieldAttributes]) -> syn::Result<TokenStream> {
        let unlabelled = self.columns.iter().filter(|(_, label)| label.is_none());
        let named = self.order.iter().chain(&self.named).chain(unlabelled.map(|(name, _)| name));
        for name in named {
            if fields.iter().all(|field| field.name != *name) {
                return Err(syn::Error::new_spanned(of, format!("there is no field `{name}`")));
            }
        }
        for (title, _) in &self.folds {
            if fields.iter().all(|field| field.group.as_ref() != Some(title)) {
                let text = format!("no field has the group {title:?} of this fold");
                return Err(syn::Error::new_spanned(of, text));
            }
        }
        let Interface { order, named, .. } = self;
        let folds = self.folds.iter().map(|(title, summary)| quote! { (#title, #summary) });
        let aside = self.aside.as_ref().map_or(
            quote! { ::core::option::Option::None },
            |(title, text)| quote! { ::core::option::Option::Some((#title, #text)) },
        );
        let section = option(self.section.clone());
        let columns = self.columns.iter().map(|(name, label)| {
            let label = option(label.clone());
            quote! { (#name, #label) }
        });
        Ok(quote! { ::countersign_model::Interface {
            order: &[#(#order),*], folds: &[#(#folds),*], aside: #aside, named: &[#(#named),*],
            columns: &[#(#columns),*], section: #section,
        } })
    }
}

/// `name slug` as a list of names.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// `slug: Identifier, title` as names with their headings.
fn columns(text: &str) -> Vec<(String, Option<String>)> {
    let column = |part: &str| match part.split_once(':') {
        Some((name, label)) => (name.trim().to_owned(), Some(label.trim().to_owned())),
        None => (part.trim().to_owned(), None),
    };
    text.split(',').map(column).collect()
}

/// The texts of `fold("..", "..")`.
fn texts(meta: &ParseNestedMeta<'_>) -> syn::Result<Vec<String>> {
    let content;
    syn::parenthesized!(content in meta.input);
    let texts = content.parse_terminated(<LitStr as Parse>::parse, syn::Token![,])?;
    Ok(texts.iter().map(LitStr::value).collect())
}

fn pair(meta: &ParseNestedMeta<'_>) -> syn::Result<(String, String)> {
    let Ok([first, second]) = <[String; 2]>::try_from(texts(meta)?) else {
        return Err(meta.error("write two texts in parentheses"));
    };
    Ok((first, second))
}

/// Reads `choose(path = "..", key = "..", named = "..", query = "a=b&c=d",
/// prefer("field", "value", ..), only)`.
fn choose(meta: &ParseNestedMeta<'_>) -> syn::Result<TokenStream> {
    let (mut path, mut key, mut named) = (None, None, None);
    let (mut query, mut prefer, mut only) = (Vec::new(), None, false);
    meta.parse_nested_meta(|part| {
        let name = part.path.get_ident().map(Ident::to_string).unwrap_or_default();
        let text = || -> syn::Result<String> { Ok(part.value()?.parse::<LitStr>()?.value()) };
        match name.as_str() {
            "path" => path = Some(text()?),
            "key" => key = Some(text()?),
            "named" => named = Some(text()?),
            "query" => {
                for pair in text()?.split('&') {
                    let wrong = || part.error("write query = \"name=value&name=value\"");
                    let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
                    query.push(quote! { (#name, #value) });
                }
            }
            "prefer" => {
                let texts = texts(&part)?;
                let wrong = || part.error("write prefer(\"field\", \"value\", ..)");
                let (field, values) = texts.split_first().ok_or_else(wrong)?;
                prefer = Some(quote! { (#field, &[#(#values),*]) });
            }
            "only" => only = true,
            other => return Err(part.error(format!("unknown part `{other}` of choose"))),
        }
        Ok(())
    })?;
    let (path, key, named) = (option(path), option(key), option(named));
    let prefer = prefer.map_or(
        quote! { ::core::option::Option::None },
        |prefer| quote! { ::core::option::Option::Some(#prefer) },
    );
    Ok(quote! { ::core::option::Option::Some(::countersign_model::Choose {
        path: #path, key: #key, named: #named, query: &[#(#query),*], prefer: #prefer, only: #only,
    }) })
}

/// One declared field: its meta as an expression, and how its default is made.
pub(crate) struct FieldAttributes {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) group: Option<String>,
    pub(crate) ty: Type,
    pub(crate) meta: TokenStream,
    /// What it names restricts somebody; the struct then has a field `vanished`.
    pub(crate) guards: bool,
    /// An expression of type `Option<T>` that may use `entropy`.
    pub(crate) default: TokenStream,
}

impl FieldAttributes {
    pub(crate) fn read(field: &Field) -> syn::Result<FieldAttributes> {
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| syn::Error::new_spanned(field, "fields need names"))?;
        let ty = field.ty.clone();
        let name = ident.to_string().trim_start_matches("r#").to_owned();
        let mut label = label_of(&name);
        let mut help = doc(&field.attrs);
        let (mut group, mut placeholder, mut show_if, mut unique_text, mut action) =
            (None, None, None, None, None);
        let none = || quote! { ::core::option::Option::None };
        let (mut widget, mut choose, mut start) = (none(), none(), none());
        let (mut unique, mut blank, mut write_only, mut read_only, mut filter, mut search) =
            (false, false, false, false, false, false);
        let (mut filter_null, mut hidden) = (false, false);
        let (mut max_length, mut min, mut max) = (None::<Expr>, None::<Expr>, None::<Expr>);
        let mut on_delete: Option<Ident> = None;
        let (mut guard, mut needs) = (None, None);
        let mut default: Option<TokenStream> = None;
        let mut generated = false;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("field")) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                let text = || -> syn::Result<String> { Ok(meta.value()?.parse::<LitStr>()?.value()) };
                match key.as_str() {
                    "label" => label = text()?,
                    "help" => help = text()?,
                    "group" => group = Some(text()?),
                    "widget" => {
                        let widget_of: Ident = meta.value()?.parse()?;
                        widget = quote! { ::core::option::Option::Some(::countersign_model::Widget::#widget_of) };
                    }
                    "hide" => hidden = true,
                    "choose" => choose = self::choose(&meta)?,
                    "start" => {
                        let value: Expr = meta.value()?.parse()?;
                        start = quote! { ::core::option::Option::Some(::countersign_model::private::Value::from(#value)) };
                    }
                    "action" => action = Some(text()?),
                    "placeholder" => placeholder = Some(text()?),
                    "show_if" => {
                        let rule = text()?;
                        let (f, v) = rule.split_once('=').ok_or_else(|| meta.error("write show_if = \"field=value\""))?;
                        show_if = Some((f.to_owned(), v.to_owned()));
                    }
                    "unique" if meta.input.peek(syn::Token![=]) => {
                        unique = true;
                        unique_text = Some(text()?);
                    }
                    "unique" => unique = true,
                    "blank" => blank = true,
                    "write_only" => write_only = true,
                    "read_only" => read_only = true,
                    "filter" => filter = true,
                    "filter_null" => filter_null = true,
                    "search" => search = true,
                    "max_length" => max_length = Some(meta.value()?.parse()?),
                    "min" => min = Some(meta.value()?.parse()?),
                    "max" => max = Some(meta.value()?.parse()?),
                    "on_delete" => on_delete = Some(meta.value()?.parse()?),
                    "guard" if meta.input.peek(syn::Token![=]) => guard = Some(text()?),
                    "guard" => guard = Some(name.clone()),
                    "needs" => needs = Some(text()?),
                    "default" if meta.input.peek(syn::Token![=]) => {
                        let value: Expr = meta.value()?.parse()?;
                        blank |= is_empty_text(&value);
                        default = Some(quote! { ::core::option::Option::Some(<#ty as ::core::convert::From<_>>::from(#value)) });
                    }
                    "default" => {
                        blank = true;
                        default = Some(quote! { ::core::option::Option::Some(<#ty as ::core::default::Default>::default()) });
                    }
                    "default_with" => {
                        let maker: Path = meta.value()?.parse()?;
                        generated = true;
                        default = Some(quote! { ::core::option::Option::Some(#maker(entropy)) });
                    }
                    other => return Err(meta.error(format!("unknown field attribute `{other}`"))),
                }
                Ok(())
            })?;
        }
        if default.is_none() && is_option(&ty) {
            default = Some(quote! { ::core::option::Option::Some(::core::option::Option::None) });
        }
        let required = default.is_none();
        let shown_default = match &default {
            Some(expression) if !generated => quote! { || {
                let value: ::core::option::Option<#ty> = #expression;
                value.map(|v| <#ty as ::countersign_model::FieldValue>::to_json(&v))
            } },
            _ => quote! { || ::core::option::Option::None },
        };
        let number = |expr: Option<Expr>| {
            expr.map_or(
                quote! { ::core::option::Option::None },
                |e| quote! { ::core::option::Option::Some(#e) },
            )
        };
        let guards = guard.is_some();
        let guard = option(guard);
        let (in_group, action, placeholder, unique_text, needs) = (
            option(group.clone()),
            option(action),
            option(placeholder),
            option(unique_text),
            option(needs),
        );
        let show_if = show_if.map_or(
            quote! { ::core::option::Option::None },
            |(f, v)| quote! { ::core::option::Option::Some((#f, #v)) },
        );
        let (max_length, min, max) = (number(max_length), number(min), number(max));
        let on_delete = on_delete.map_or(
            quote! { <#ty as ::countersign_model::FieldValue>::ON_DELETE },
            |rule| quote! { ::countersign_model::OnDelete::#rule },
        );
        let meta = quote! { ::countersign_model::FieldMeta {
            name: #name, label: #label, help: #help, group: #in_group, widget: #widget, placeholder: #placeholder, show_if: #show_if,
            hidden: #hidden, start: || #start, choose: #choose, action: #action,
            required: #required, unique: #unique, unique_text: #unique_text, blank: #blank, write_only: #write_only, read_only: #read_only, filter: #filter, filter_null: #filter_null, search: #search,
            max_length: #max_length, min: #min, max: #max, on_delete: #on_delete, guard: #guard, needs: #needs,
            shape: <#ty as ::countersign_model::FieldValue>::shape, default: #shown_default,
        } };
        let default = default.unwrap_or_else(|| quote! { ::core::option::Option::None });
        Ok(FieldAttributes { ident, name, group, ty, meta, guards, default })
    }
}

fn option(text: Option<String>) -> TokenStream {
    text.map_or(
        quote! { ::core::option::Option::None },
        |t| quote! { ::core::option::Option::Some(#t) },
    )
}

/// The doc comment as one text.
fn doc(attributes: &[Attribute]) -> String {
    let lines =
        attributes.iter().filter(|a| a.path().is_ident("doc")).filter_map(|a| match &a.meta {
            syn::Meta::NameValue(pair) => match &pair.value {
                Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
                    Some(text.value().trim().to_owned())
                }
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// `open_in_new_tab` reads "Open in new tab".
fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn is_option(ty: &Type) -> bool {
    matches!(ty, Type::Path(p) if p.path.segments.last().is_some_and(|s| s.ident == "Option"))
}

fn is_empty_text(value: &Expr) -> bool {
    matches!(value, Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) if text.value().is_empty())
}
