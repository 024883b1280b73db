//! Makes sure that the folder of the built web interface exists, so that the program compiles
//! (with a page that says what is missing) before the interface has been built.

fn main() {
    let folder = std::path::Path::new("../../web/dist");
    // A failure shows itself at once as a clear error of the embedding macro.
    let _ = std::fs::create_dir_all(folder);
    if !folder.join("admin.html").exists() {
        println!(
            "cargo::warning=The web interface has not been built: `cargo xtask build` makes the program with it."
        );
    }
    println!("cargo::rerun-if-changed=../../web/dist");
    println!("cargo::rerun-if-changed=assets");
    println!("cargo::rerun-if-changed=templates");
}
