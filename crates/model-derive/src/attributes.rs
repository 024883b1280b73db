//! Reading of `#[kind(..)]` and `#[field(..)]`.

use proc_macro2::TokenStream;
use quote::quote;
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
                    "members" => kind.members = Some(meta.value()?.parse()?),
                    "bindable" => kind.bindable = true,
                    "hidden" => kind.hidden = true,
                    "format" => kind.format = Some(meta.value()?.parse()?),
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

/// One declared field: its meta as an expression, and how its default is made.
pub(crate) struct FieldAttributes {
    pub(crate) ident: Ident,
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
        let (mut group, mut widget, mut placeholder, mut show_if, mut unique_text) =
            (None, None, None, None, None);
        let (mut unique, mut blank, mut write_only, mut read_only, mut filter, mut search) =
            (false, false, false, false, false, false);
        let mut filter_null = false;
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
                    "widget" => widget = Some(text()?),
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
        let option = |text: Option<String>| {
            text.map_or(
                quote! { ::core::option::Option::None },
                |t| quote! { ::core::option::Option::Some(#t) },
            )
        };
        let number = |expr: Option<Expr>| {
            expr.map_or(
                quote! { ::core::option::Option::None },
                |e| quote! { ::core::option::Option::Some(#e) },
            )
        };
        let guards = guard.is_some();
        let guard = option(guard);
        let (group, widget, placeholder, unique_text, needs) = (
            option(group),
            option(widget),
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
            name: #name, label: #label, help: #help, group: #group, widget: #widget, placeholder: #placeholder, show_if: #show_if,
            required: #required, unique: #unique, unique_text: #unique_text, blank: #blank, write_only: #write_only, read_only: #read_only, filter: #filter, filter_null: #filter_null, search: #search,
            max_length: #max_length, min: #min, max: #max, on_delete: #on_delete, guard: #guard, needs: #needs,
            shape: <#ty as ::countersign_model::FieldValue>::shape, default: #shown_default,
        } };
        let default = default.unwrap_or_else(|| quote! { ::core::option::Option::None });
        Ok(FieldAttributes { ident, ty, meta, guards, default })
    }
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
