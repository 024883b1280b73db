//! `Table`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Field, Ident, LitInt, LitStr};

use crate::attributes::{FieldAttributes, KindAttributes};
use crate::fields;

/// Reading of `#[table(..)]`.
#[derive(Default)]
struct TableAttributes {
    name: String,
    pk: String,
    class: String,
    operations: Vec<String>,
    own_operations: Vec<String>,
    display: String,
    own: Option<String>,
    only_if: Option<String>,
    ends_if: Option<String>,
    everybody: bool,
    link: bool,
    volatile: bool,
    a_second: Option<LitInt>,
    export: Option<Ident>,
}

impl TableAttributes {
    fn read(input: &DeriveInput) -> syn::Result<TableAttributes> {
        let mut table = TableAttributes::default();
        for attribute in input.attrs.iter().filter(|a| a.path().is_ident("table")) {
            attribute.parse_nested_meta(|meta| {
                let name = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                let text =
                    || -> syn::Result<String> { Ok(meta.value()?.parse::<LitStr>()?.value()) };
                match name.as_str() {
                    "name" => table.name = text()?,
                    "pk" => table.pk = text()?,
                    "class" => table.class = text()?,
                    "operations" => {
                        table.operations = text()?.split(' ').map(str::to_owned).collect();
                    }
                    "own_operations" => {
                        table.own_operations = text()?.split(' ').map(str::to_owned).collect();
                    }
                    "display" => table.display = text()?,
                    "own" => table.own = Some(text()?),
                    "only_if" => table.only_if = Some(text()?),
                    "ends_if" => table.ends_if = Some(text()?),
                    "everybody" => table.everybody = true,
                    "link" => table.link = true,
                    "volatile" => table.volatile = true,
                    "export" => table.export = Some(meta.value()?.parse()?),
                    "a_second" => table.a_second = Some(meta.value()?.parse()?),
                    other => return Err(meta.error(format!("unknown table attribute `{other}`"))),
                }
                Ok(())
            })?;
        }
        if table.name.is_empty() {
            return Err(syn::Error::new_spanned(&input.ident, "#[table(..)] needs a name"));
        }
        if table.pk.is_empty() {
            "pk".clone_into(&mut table.pk);
        }
        if table.own_operations.is_empty() {
            table.own_operations.clone_from(&table.operations);
        }
        Ok(table)
    }
}

/// Reading of `#[column(..)]`, over what `#[field(..)]` says.
struct Column {
    field: FieldAttributes,
    name: String,
    sql: String,
    listed: Vec<String>,
    belongs_to: Option<(String, String)>,
    on_delete: Option<Ident>,
    through: Option<String>,
    key: bool,
    hidden: bool,
    computed: bool,
    required: bool,
    choice: bool,
    owner: bool,
    filter: bool,
    search: bool,
    expires: bool,
    expiring: bool,
    local: bool,
}

impl Column {
    fn read(field: &Field) -> syn::Result<Column> {
        let attributes = FieldAttributes::read(field)?;
        let name = attributes.ident.to_string().trim_start_matches("r#").to_owned();
        let mut column = Column {
            field: attributes,
            sql: name.clone(),
            name,
            listed: Vec::new(),
            belongs_to: None,
            on_delete: None,
            through: None,
            key: false,
            hidden: false,
            computed: false,
            required: false,
            choice: false,
            owner: false,
            filter: false,
            search: false,
            expires: false,
            expiring: false,
            local: false,
        };
        let mut order = false;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("column")) {
            attribute.parse_nested_meta(|meta| {
                let key = meta.path.get_ident().map(Ident::to_string).unwrap_or_default();
                let text =
                    || -> syn::Result<String> { Ok(meta.value()?.parse::<LitStr>()?.value()) };
                match key.as_str() {
                    "sql" => column.sql = text()?,
                    "listed" => column.listed = text()?.split(' ').map(str::to_owned).collect(),
                    "belongs_to" => {
                        let target = text()?;
                        let (table, key) = target
                            .split_once('.')
                            .ok_or_else(|| meta.error("write belongs_to = \"table.column\""))?;
                        column.belongs_to = Some((table.to_owned(), key.to_owned()));
                    }
                    "on_delete" => column.on_delete = Some(meta.value()?.parse()?),
                    "through" => column.through = Some(text()?),
                    "key" => (column.key, column.hidden) = (true, true),
                    "hidden" => column.hidden = true,
                    "computed" => column.computed = true,
                    "required" => column.required = true,
                    "choice" => column.choice = true,
                    "owner" => column.owner = true,
                    "filter" => column.filter = true,
                    "search" => column.search = true,
                    "order" => order = true,
                    "expires" => column.expires = true,
                    "expiring" => column.expiring = true,
                    "local" => column.local = true,
                    other => return Err(meta.error(format!("unknown column attribute `{other}`"))),
                }
                Ok(())
            })?;
        }
        if column.listed.is_empty() && (order || column.filter || column.search) {
            column.listed = vec![column.name.clone()];
        }
        Ok(column)
    }

    fn meta(&self) -> TokenStream {
        let Column {
            name, sql, listed, key, owner, filter, search, hidden, expires, expiring, ..
        } = self;
        let ty = &self.field.ty;
        let number = matches!(ty, syn::Type::Path(path) if path.path.is_ident("i64"));
        let (kind, nullable) = if self.choice {
            (quote! { ::countersign_model::ColumnKind::Text }, quote! { false })
        } else {
            let stored = quote! { <#ty as ::countersign_store::Stored> };
            let null = if self.required {
                quote! { false }
            } else {
                quote! { #stored::NULLABLE }
            };
            (quote! { #stored::KIND }, null)
        };
        let on_delete = self.on_delete.as_ref().map_or(
            quote! { ::core::option::Option::None },
            |rule| quote! { ::core::option::Option::Some(::countersign_model::OnDelete::#rule) },
        );
        let belongs_to = self.belongs_to.as_ref().map_or(
            quote! { ::core::option::Option::None },
            |(table, column)| {
                quote! { ::core::option::Option::Some(::countersign_model::BelongsTo {
                table: #table, column: #column, on_delete: #on_delete }) }
            },
        );
        let through =
            self.through.as_ref().map_or(quote! { ::core::option::Option::None }, |other| {
                let listed = format!("{name}__{other}");
                quote! { ::core::option::Option::Some((#listed, #other)) }
            });
        quote! { ::countersign_model::ColumnMeta {
            name: #name, sql: #sql, kind: #kind, nullable: #nullable, key: #key, number: #number, owner: #owner,
            belongs_to: #belongs_to, listed: &[#(#listed),*], filter: #filter, search: #search, hidden: #hidden,
            expires: #expires, expiring: #expiring, through: #through,
        } }
    }

    /// A value where neither a row nor the form gives one.
    fn default(&self) -> TokenStream {
        let (ty, declared) = (&self.field.ty, &self.field.default);
        if self.hidden && declared.to_string().ends_with(":: None") {
            quote! { <#ty as ::core::default::Default>::default() }
        } else {
            quote! { { let value: ::core::option::Option<#ty> = #declared; value.unwrap_or_default() } }
        }
    }
}

fn option(text: Option<&str>) -> TokenStream {
    text.map_or(
        quote! { ::core::option::Option::None },
        |t| quote! { ::core::option::Option::Some(#t) },
    )
}

pub(crate) fn table(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "only structs are rows"));
    };
    let columns: Vec<Column> = data.fields.iter().map(Column::read).collect::<syn::Result<_>>()?;
    let table = TableAttributes::read(input)?;
    let kind = if input.attrs.iter().any(|a| a.path().is_ident("kind")) {
        Some(KindAttributes::read(input)?)
    } else {
        None
    };
    let name = &input.ident;
    let declared = kind.as_ref().map(|kind| {
        let hidden: TokenStream = columns
            .iter()
            .filter(|column| column.hidden)
            .map(|column| {
                let (ident, default) = (&column.field.ident, column.default());
                quote! { #ident: match base { ::core::option::Option::Some(base) => base.#ident.clone(), ::core::option::Option::None => #default }, }
            })
            .collect();
        let shown: Vec<FieldAttributes> = data
            .fields
            .iter()
            .zip(&columns)
            .filter(|(_, column)| !column.hidden)
            .map(|(field, _)| FieldAttributes::read(field))
            .collect::<syn::Result<_>>()?;
        let (metas, code) =
            (fields::table(&shown), fields::fields_impl(input, kind, &shown, &hidden)?);
        Ok::<_, syn::Error>(quote! { #metas #code })
    });
    let declared = declared.transpose()?;
    let meta = if kind.is_some() {
        quote! { ::core::option::Option::Some(<Self as ::countersign_model::Fields>::META) }
    } else {
        quote! { ::core::option::Option::None }
    };
    let TableAttributes {
        name: sql,
        pk,
        class,
        operations,
        own_operations,
        display,
        everybody,
        link,
        volatile,
        ..
    } = &table;
    let class = match (class.is_empty(), &kind) {
        (true, Some(kind)) => &kind.schema,
        _ => class,
    };
    let (own, only_if, ends_if) = (
        option(table.own.as_deref()),
        option(table.only_if.as_deref()),
        option(table.ends_if.as_deref()),
    );
    let a_second = table.a_second.as_ref().map_or(quote! { 1 }, |n| quote! { #n });
    let backup = !volatile;
    let export = table.export.as_ref().map_or(quote! { Never }, |export| quote! { #export });
    let local = columns.iter().filter(|column| column.local).map(|column| &column.name);
    let stored: Vec<&Column> = columns.iter().filter(|column| !column.computed).collect();
    let metas = stored.iter().map(|column| column.meta());
    let mut at = 0_usize;
    let reads = columns.iter().map(|column| {
        let (ident, ty) = (&column.field.ident, &column.field.ty);
        if column.computed {
            let default = column.default();
            return quote! { #ident: #default };
        }
        let place = at;
        at += 1;
        if column.choice {
            quote! { #ident: row.get_choice(#place)? }
        } else {
            quote! { #ident: row.read::<#ty>(#place)? }
        }
    });
    let writes = stored.iter().map(|column| {
        let ident = &column.field.ident;
        if column.choice {
            quote! { ::countersign_store::SqlValue::from(::countersign_model::ChoiceValue::value(self.#ident)) }
        } else {
            quote! { ::countersign_store::Stored::write(&self.#ident) }
        }
    });
    let reads: Vec<TokenStream> = reads.collect();
    let mut keys = columns.iter().filter(|column| column.key);
    let set_key = match (keys.next(), keys.next()) {
        (Some(key), None) => {
            let ident = &key.field.ident;
            quote! { if let ::core::option::Option::Some(key) = ::countersign_store::Stored::read(key) { self.#ident = key; } }
        }
        _ => quote! { let _ = key; },
    };
    Ok(quote! { const _: () = {
        #declared
        impl ::countersign_store::Table for #name {
            const TABLE: &'static ::countersign_model::TableMeta = &::countersign_model::TableMeta {
                name: #sql, kind: #meta, columns: &[#(#metas),*], pk: #pk, class: #class,
                operations: &[#(#operations),*], everybody: #everybody, own: #own,
                own_operations: &[#(#own_operations),*], display: #display,
                only_if: #only_if, ends_if: #ends_if, link: #link, backup: #backup,
                export: ::countersign_model::Export::#export, local: &[#(#local),*], a_second: #a_second,
            };
            fn read(row: &::countersign_store::Row) -> ::core::result::Result<Self, ::countersign_store::StoreError> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
            fn set_key(&mut self, key: &::countersign_store::SqlValue) { #set_key }
            fn values(&self) -> ::std::vec::Vec<::countersign_store::SqlValue> {
                ::std::vec![#(#writes),*]
            }
        }
    }; })
}
