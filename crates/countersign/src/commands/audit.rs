//! Whether the events are those that happened.

use countersign_events::{Report, verify};
use countersign_store::StoreError;

use crate::{settings::Loaded, start};

/// Walks the chain of events and prints what is wrong with it.
///
/// # Errors
/// A sentence when something is wrong, or the store cannot be used.
pub async fn run(loaded: &Loaded, witness: Option<(i64, String)>) -> Result<(), String> {
    crate::logging::start(crate::settings::Level::Warning);
    if !start::has_data(&loaded.settings) {
        let folder = &loaded.settings.general.data_dir;
        return Err(format!(
            "there is no installation in {}. Name its folder with --data-dir or COUNTERSIGN_DATA_DIR",
            folder.display()
        ));
    }
    let (store, ..) = start::open_store(&loaded.settings).await?;
    let moved = store.clone();
    let report = store.read(move |sql| verify(sql, moved.sealer(), witness.as_ref())).await;
    store.close().await;
    told(&report.map_err(|error: StoreError| error.to_string())?)
}

fn told(report: &Report) -> Result<(), String> {
    println!(
        "{} events are as they were written, {} were removed by right, {} wait to be sealed.",
        report.verified, report.removed, report.waiting
    );
    if let Some((seq, code)) = &report.head {
        println!("The chain ends at {seq}:{code}");
        println!(
            "Keep this line elsewhere: `countersign audit verify --witness {seq}:...` later shows that nothing before was rewritten."
        );
    }
    if report.wrong.is_empty() {
        return Ok(());
    }
    for wrong in &report.wrong {
        println!("WRONG: {wrong}");
    }
    Err("the events are not those that were written".to_owned())
}

/// `place:code`, as the command prints it.
///
/// # Errors
/// A text of another form.
pub fn witness(text: &str) -> Result<(i64, String), String> {
    let parts =
        text.split_once(':').and_then(|(seq, code)| Some((seq.parse().ok()?, code.to_owned())));
    parts
        .filter(|(_, code)| code.len() == 64)
        .ok_or_else(|| "write PLACE:CODE as `audit verify` printed it".to_owned())
}
