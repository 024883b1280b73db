//! Avatars made here: initials on a colour of the name. Nothing is fetched from anywhere.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A data URI of a small SVG with the initials of a name.
pub fn initials(name: &str, fallback: &str) -> String {
    let source = if name.trim().is_empty() { fallback } else { name };
    let mut words = source.split_whitespace();
    let first = words.next().and_then(|w| w.chars().next());
    let last = words.next_back().and_then(|w| w.chars().next());
    let letters: String = [first, last]
        .into_iter()
        .flatten()
        .flat_map(char::to_uppercase)
        .filter(|c| c.is_alphanumeric())
        .collect();
    let hue =
        source.bytes().fold(0u32, |sum, b| sum.wrapping_mul(31).wrapping_add(u32::from(b))) % 360;
    let svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\" viewBox=\"0 0 64 64\"><rect width=\"64\" height=\"64\" fill=\"hsl({hue},35%,34%)\"/>\
         <text x=\"32\" y=\"33\" fill=\"#fff\" font-family=\"system-ui,sans-serif\" font-size=\"26\" text-anchor=\"middle\" dominant-baseline=\"middle\">{letters}</text></svg>"
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}
