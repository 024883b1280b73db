//! `Fields`, `Kind` and `Nested`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Ident};

use crate::attributes::{FieldAttributes, KindAttributes};

fn read_fields(input: &DeriveInput) -> syn::Result<Vec<FieldAttributes>> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "only structs have fields to declare"));
    };
    data.fields.iter().map(FieldAttributes::read).collect()
}

pub(crate) fn table(fields: &[FieldAttributes]) -> TokenStream {
    let (count, metas) = (fields.len(), fields.iter().map(|f| &f.meta));
    quote! { const FIELDS: &'static [::countersign_model::FieldMeta; #count] = &[#(#metas),*]; }
}

fn names(fields: &[FieldAttributes]) -> Vec<Ident> {
    (0..fields.len()).map(|i| format_ident!("field_{i}")).collect()
}

fn to_map(fields: &[FieldAttributes]) -> TokenStream {
    let metas = names(fields);
    let idents = fields.iter().map(|f| &f.ident);
    quote! {
        let [#(#metas),*] = FIELDS;
        let mut map = ::countersign_model::private::Map::new();
        #( map.insert(#metas.name.to_owned(), ::countersign_model::FieldValue::to_json(&self.#idents)); )*
        map
    }
}

pub(crate) fn fields(input: &DeriveInput) -> syn::Result<TokenStream> {
    let kind = KindAttributes::read(input)?;
    let fields = read_fields(input)?;
    let (table, code) = (table(&fields), fields_impl(input, &kind, &fields, &TokenStream::new())?);
    Ok(quote! { const _: () = { #table #code }; })
}

/// `rest` fills the fields of the struct that have no part in its form.
pub(crate) fn fields_impl(
    input: &DeriveInput,
    kind: &KindAttributes,
    fields: &[FieldAttributes],
    rest: &TokenStream,
) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let interface = kind.interface.meta(name, fields)?;
    let KindAttributes {
        path,
        model,
        schema,
        title,
        plural,
        component,
        description,
        unique_together,
        hidden,
        ..
    } = kind;
    let creatable = !hidden;
    let Place { space, key, lookup, ordering, bindable, family, casts } = Place::of(kind);
    let unique_together = list(unique_together);
    let named = fields.iter().any(|field| field.ident == "name").then(|| "name".to_owned());
    let label = kind.label.clone().or(named).map_or(
        quote! { ::core::option::Option::None },
        |label| quote! { ::core::option::Option::Some(#label) },
    );
    let format = kind.format.as_ref().map_or(quote! { 1 }, |f| quote! { #f });
    let metas = names(fields);
    let (idents, types, defaults): (Vec<_>, Vec<_>, Vec<_>) = (
        fields.iter().map(|f| &f.ident).collect(),
        fields.iter().map(|f| &f.ty).collect(),
        fields.iter().map(|f| &f.default).collect(),
    );
    let to_map = to_map(fields);
    let guarded = fields.iter().any(|field| field.guards);
    let settle = guarded.then(|| quote! { ::countersign_model::private::settle_vanished(&mut parsed.vanished, FIELDS, input); });
    let parse = if fields.is_empty() && rest.is_empty() {
        quote! { let _ = (input, base); ::core::result::Result::Ok(Self {}) }
    } else {
        quote! {
            let [#(#metas),*] = FIELDS;
            let mut errors = ::countersign_model::FieldErrors::new();
            #[allow(unused_variables, clippy::useless_conversion)]
            let values = ( #( ::countersign_model::private::parse_field::<#types>(
                #metas, input, base.map(|b| b.#idents.clone()), |entropy| #defaults, &mut errors), )* );
            match values {
                ( #( ::core::option::Option::Some(#idents), )* ) if errors.is_empty() => {
                    #[allow(unused_mut)]
                    let mut parsed = Self { #(#idents,)* #rest };
                    #settle
                    ::core::result::Result::Ok(parsed)
                }
                _ => ::core::result::Result::Err(errors),
            }
        }
    };
    let target = kind.members.as_ref().map_or_else(
        || quote! {
            impl ::countersign_model::Target for #name {
                const SPACE: ::countersign_model::Space = #space;
                const KEY: ::countersign_model::KeyType = #key;
                const MODEL: ::core::option::Option<&'static str> = ::core::option::Option::Some(#model);
            }
        },
        |members| quote! {
            impl ::countersign_model::Target for #members {
                const SPACE: ::countersign_model::Space = #space;
                const KEY: ::countersign_model::KeyType = #key;
                const MODEL: ::core::option::Option<&'static str> = ::core::option::Option::None;
            }
            impl ::countersign_model::Family for #members {
                const META: &'static ::countersign_model::KindMeta = <#name as ::countersign_model::Fields>::META;
            }
        },
    );
    Ok(quote! {
        #target
        impl ::countersign_model::Fields for #name {
            const META: &'static ::countersign_model::KindMeta = &::countersign_model::KindMeta {
                path: #path, model: #model, schema: #schema, title: #title, plural: #plural, component: #component, description: #description,
                space: #space, key: #key, family: #family, casts: #casts, bindable: #bindable, lookup: #lookup, label: #label, ordering: #ordering,
                unique_together: #unique_together, creatable: #creatable, format: #format, fields: FIELDS,
                interface: #interface,
            };
            fn parse(input: &::countersign_model::Input<'_>, base: ::core::option::Option<&Self>)
                -> ::core::result::Result<Self, ::countersign_model::FieldErrors> { #parse }
            fn to_map(&self) -> ::countersign_model::private::Map<::std::string::String, ::countersign_model::private::Value> { #to_map }
        }
    })
}

/// `slug,name` as a slice of names.
fn list(text: &str) -> TokenStream {
    let names = text.split(',').filter(|name| !name.is_empty());
    quote! { &[#(#names),*] }
}

/// Where objects of a kind are and by what they are found: by its own attributes, or its family's.
struct Place {
    space: TokenStream,
    key: TokenStream,
    lookup: TokenStream,
    ordering: TokenStream,
    bindable: TokenStream,
    family: TokenStream,
    casts: TokenStream,
}

impl Place {
    fn of(kind: &KindAttributes) -> Place {
        let own = |text: &Option<String>, otherwise: TokenStream| {
            text.as_ref().map_or(otherwise, |text| quote! { #text })
        };
        let bindable = kind.bindable;
        let casts = kind.family.iter().chain(&kind.also).map(|facet| quote! {
            &::countersign_model::private::Cast::<#facet>(
                |object| match ::countersign_model::private::downcast::<Self>(object) {
                    ::core::option::Option::Some(member) => ::core::option::Option::Some(member),
                    ::core::option::Option::None => ::core::option::Option::None,
                },
            )
        });
        let casts = quote! { &[#(#casts),*] };
        let Some(family) = &kind.family else {
            let last = kind.model.rsplit('.').next().unwrap_or_default();
            let space = kind.space.as_deref().unwrap_or(last);
            let key = kind.key.clone().unwrap_or_else(|| format_ident!("Uuid"));
            return Place {
                space: quote! { ::countersign_model::Space(#space) },
                key: quote! { ::countersign_model::KeyType::#key },
                lookup: own(&kind.lookup, quote! { "uuid" }),
                ordering: kind.ordering.as_deref().map_or(quote! { &[] }, list),
                bindable: quote! { #bindable },
                family: quote! { ::core::option::Option::None },
                casts,
            };
        };
        let meta = quote! { <#family as ::countersign_model::Family>::META };
        Place {
            space: quote! { <#family as ::countersign_model::Target>::SPACE },
            key: quote! { <#family as ::countersign_model::Target>::KEY },
            lookup: own(&kind.lookup, quote! { #meta.lookup }),
            ordering: kind.ordering.as_deref().map_or(quote! { #meta.ordering }, list),
            bindable: quote! { #bindable || #meta.bindable },
            family: quote! { ::core::option::Option::Some(#meta) },
            casts,
        }
    }
}

pub(crate) fn kind(input: &DeriveInput) -> syn::Result<TokenStream> {
    let kind = KindAttributes::read(input)?;
    let fields = read_fields(input)?;
    let name = &input.ident;
    let metas = names(&fields);
    let (idents, types, defaults): (Vec<_>, Vec<_>, Vec<_>) = (
        fields.iter().map(|f| &f.ident).collect(),
        fields.iter().map(|f| &f.ty).collect(),
        fields.iter().map(|f| &f.default).collect(),
    );
    let (table, declared) =
        (table(&fields), fields_impl(input, &kind, &fields, &TokenStream::new())?);
    let noted: Vec<TokenStream> = fields
        .iter()
        .zip(&metas)
        .map(|(field, meta)| {
            if field.guards {
                quote! { ::countersign_model::private::note_vanished(&mut next.vanished, #meta); }
            } else {
                TokenStream::new()
            }
        })
        .collect();
    let check = kind.check.as_ref().map(|path| quote! { #path(self, draft, id, errors); });
    Ok(quote! { const _: () = {
        #table
        #declared
        impl ::countersign_model::Kind for #name {
            #[allow(unused_variables, clippy::useless_conversion)]
            fn load(stored: &::countersign_model::private::Map<::std::string::String, ::countersign_model::private::Value>,
                    sealer: &dyn ::countersign_model::Sealer, entropy: &dyn ::countersign_model::Entropy)
                -> ::core::result::Result<Self, ::countersign_model::LoadError> {
                let [#(#metas),*] = FIELDS;
                ::core::result::Result::Ok(Self { #(
                    #idents: ::countersign_model::private::load_field::<#types>(<Self as ::countersign_model::Fields>::META.model, #metas, stored, sealer, || #defaults)?,
                )* })
            }
        }
        impl ::countersign_model::Object for #name {
            fn meta(&self) -> &'static ::countersign_model::KindMeta { <Self as ::countersign_model::Fields>::META }
            fn values(&self) -> ::countersign_model::private::Map<::std::string::String, ::countersign_model::private::Value> {
                ::countersign_model::Fields::to_map(self)
            }
            fn value(&self, field: &str) -> ::core::option::Option<::countersign_model::private::Value> {
                let [#(#metas),*] = FIELDS;
                #( if #metas.name == field { return ::core::option::Option::Some(::countersign_model::FieldValue::to_json(&self.#idents)); } )*
                ::core::option::Option::None
            }
            #[allow(unused_variables)]
            fn to_stored(&self, sealer: &dyn ::countersign_model::Sealer)
                -> ::countersign_model::private::Map<::std::string::String, ::countersign_model::private::Value> {
                let [#(#metas),*] = FIELDS;
                let mut map = ::countersign_model::private::Map::new();
                #( map.insert(#metas.name.to_owned(), ::countersign_model::FieldValue::to_stored(&self.#idents, sealer)); )*
                map
            }
            #[allow(unused_variables)]
            fn visit_refs(&self, visit: &mut dyn FnMut(&'static ::countersign_model::FieldMeta, ::countersign_model::ObjectId)) {
                let [#(#metas),*] = FIELDS;
                #( ::countersign_model::FieldValue::visit_refs(&self.#idents, &mut |id| visit(#metas, id)); )*
            }
            #[allow(unused_variables, unused_mut)]
            fn detached(&self, target: ::countersign_model::ObjectId) -> ::countersign_model::Detached {
                let [#(#metas),*] = FIELDS;
                let mut next = self.clone();
                #(
                    match ::countersign_model::private::detach_field(#metas, &self.#idents, target) {
                        ::core::result::Result::Ok(::core::option::Option::Some(value)) => {
                            next.#idents = value;
                            #noted
                        }
                        ::core::result::Result::Ok(::core::option::Option::None) => {}
                        ::core::result::Result::Err(outcome) => return outcome,
                    }
                )*
                ::countersign_model::Detached::Changed(::std::sync::Arc::new(next))
            }
            #[allow(unused_variables)]
            fn check(&self, draft: &::countersign_model::Draft, id: ::countersign_model::ObjectId, errors: &mut ::countersign_model::FieldErrors) { #check }
        }
    }; })
}

pub(crate) fn nested(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = read_fields(input)?;
    let name = &input.ident;
    let metas = names(&fields);
    let (idents, types, defaults): (Vec<_>, Vec<_>, Vec<_>) = (
        fields.iter().map(|f| &f.ident).collect(),
        fields.iter().map(|f| &f.ty).collect(),
        fields.iter().map(|f| &f.default).collect(),
    );
    let (table, to_map) = (table(&fields), to_map(&fields));
    Ok(quote! { const _: () = {
        #table
        impl ::countersign_model::FieldValue for #name {
            fn shape() -> ::countersign_model::Shape { ::countersign_model::Shape::Object(FIELDS) }
            #[allow(clippy::useless_conversion)]
            fn parse(value: &::countersign_model::private::Value, _meta: &::countersign_model::FieldMeta)
                -> ::core::result::Result<Self, ::countersign_model::ErrorNode> {
                let map = ::countersign_model::private::object(value)?;
                let [#(#metas),*] = FIELDS;
                let mut errors = ::countersign_model::FieldErrors::new();
                let values = ( #( ::countersign_model::private::parse_part::<#types>(#metas, map, || #defaults, &mut errors), )* );
                match values {
                    ( #( ::core::option::Option::Some(#idents), )* ) if errors.is_empty() => ::core::result::Result::Ok(Self { #(#idents),* }),
                    _ => ::core::result::Result::Err(::countersign_model::ErrorNode::Nested(errors)),
                }
            }
            fn to_json(&self) -> ::countersign_model::private::Value {
                ::countersign_model::private::Value::Object({ #to_map })
            }
        }
    }; })
}
