//! The derives that turn a struct into a kind: `Kind` for configuration objects, `Table` for rows,
//! `Nested` for structs inside a field, `Choice` for enumerations. What the
//! attributes mean stands with the types they fill, in `countersign-model`.

mod attributes;
mod choice;
mod fields;
mod table;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// A configuration object: everything of `Fields`, and its life in the graph.
#[proc_macro_derive(Kind, attributes(kind, field))]
pub fn derive_kind(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::kind(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Declared fields of something that is kept elsewhere, as a row of a table; with
/// `#[kind(members = dyn AnyStage, ..)]` what the kinds of a family share.
#[proc_macro_derive(Fields, attributes(kind, field))]
pub fn derive_fields(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::fields(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A row of a table: everything of `Fields` where it has a form, and how it is read and written.
#[proc_macro_derive(Table, attributes(table, kind, field, column))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    table::table(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A struct as the value of a field.
#[proc_macro_derive(Nested, attributes(field))]
pub fn derive_nested(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::nested(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// An enumeration as the value of a field: `#[choice(value = "..", label = "..")]` on each variant.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    choice::choice(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
