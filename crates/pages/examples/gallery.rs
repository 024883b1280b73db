//! Writes every page with sample values to a folder: `cargo run -p countersign-pages --example
//! gallery FOLDER`.

use std::path::PathBuf;

use countersign_pages::{Pages, samples};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    let pages = Pages::new()?;
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/assets");
    for (name, page) in samples::all() {
        for theme in ["light", "dark"] {
            let mut frame = samples::frame();
            frame.theme = Some(theme.to_owned());
            let html = pages.render(&frame, &page)?.replace("&#x2f;", "/");
            // Opened from disk the sheets lie elsewhere.
            let mut out = String::new();
            for line in html.lines() {
                if line.contains("/static/pages/") && line.contains("stylesheet") {
                    out.push_str(&format!(
                        "<link rel=\"stylesheet\" href=\"file://{assets}/pages.css\">\n"
                    ));
                } else if line.contains("/static/pages/") {
                    out.push_str(&format!(
                        "<script src=\"file://{assets}/pages.js\" defer></script>\n"
                    ));
                } else if !line.contains("http-equiv") {
                    out.push_str(
                        &line
                            .replace("/static/dist", &format!("file://{assets}/dist"))
                            .replace(" data-submit", ""),
                    );
                    out.push('\n');
                }
            }
            std::fs::write(folder.join(format!("{name}.{theme}.html")), out)?;
        }
    }
    Ok(())
}
