//! `Choice`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, LitStr};

pub(crate) fn choice(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(name, "only enumerations are choices"));
    };
    let (mut idents, mut values, mut labels, mut offers) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for variant in &data.variants {
        let words = words(&variant.ident.to_string());
        let mut value = words.join("_").to_lowercase();
        let mut label = words.join(" ");
        let mut offered = true;
        for attribute in variant.attrs.iter().filter(|a| a.path().is_ident("choice")) {
            attribute.parse_nested_meta(|meta| {
                let text =
                    || -> syn::Result<String> { Ok(meta.value()?.parse::<LitStr>()?.value()) };
                if meta.path.is_ident("value") {
                    value = text()?;
                } else if meta.path.is_ident("label") {
                    label = text()?;
                } else if meta.path.is_ident("internal") {
                    offered = false;
                } else {
                    return Err(meta.error("choices have value and label, or are internal"));
                }
                Ok(())
            })?;
        }
        idents.push(&variant.ident);
        values.push(value);
        labels.push(label);
        offers.push(offered);
    }
    Ok(quote! { const _: () = {
        impl ::countersign_model::ChoiceValue for #name {
            const CHOICES: &'static [::countersign_model::ChoiceMeta] =
                &[#(::countersign_model::ChoiceMeta { value: #values, label: #labels, offered: #offers }),*];
            fn value(self) -> &'static str {
                match self { #(#name::#idents => #values),* }
            }
            fn from_value(text: &str) -> ::core::option::Option<Self> {
                match text { #(#values => ::core::option::Option::Some(#name::#idents),)* _ => ::core::option::Option::None }
            }
        }
        impl ::countersign_model::FieldValue for #name {
            fn shape() -> ::countersign_model::Shape {
                ::countersign_model::Shape::Choice(<Self as ::countersign_model::ChoiceValue>::CHOICES)
            }
            fn parse(value: &::countersign_model::private::Value, _meta: &::countersign_model::FieldMeta)
                -> ::core::result::Result<Self, ::countersign_model::ErrorNode> {
                ::countersign_model::private::parse_choice(value)
            }
            fn to_json(&self) -> ::countersign_model::private::Value {
                ::countersign_model::private::Value::from(::countersign_model::ChoiceValue::value(*self))
            }
        }
    }; })
}

/// `StageConfiguration` gives `Stage`, `Configuration`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() => word.push(letter),
            _ => words.push(letter.to_string()),
        }
    }
    words
}
