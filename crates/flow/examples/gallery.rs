//! Writes every page of flows with sample values to a folder: `cargo run -p countersign-flow
//! --example gallery FOLDER`.

use std::path::PathBuf;

use countersign_pages::{Pages, sample};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    let pages = Pages::new()?;
    let assets = concat!(env!("CARGO_MANIFEST_DIR"), "/../pages/assets");
    let all = countersign_flow::pages().into_iter().chain(sample::PAGES.iter().copied());
    for (def, (at, page)) in
        all.flat_map(|def| (def.samples)().into_iter().enumerate().map(move |page| (def, page)))
    {
        let name = format!("{}.{at}", def.component);
        for theme in ["light", "dark"] {
            let mut frame = sample::frame();
            frame.theme = Some(theme.to_owned());
            let html = pages.render(&frame, &sample::scene(), &*page)?.replace("&#x2f;", "/");
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
