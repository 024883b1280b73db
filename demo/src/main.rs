//! The web application of the guide: a relying party that signs people in with OpenID Connect,
//! shows who they are, and opens its pages by the groups they are in.
//!
//! It keeps nothing but what it needs while it runs; the identity provider is the only place with
//! accounts.

mod http;
mod pages;
mod provider;
mod roles;
mod routes;
mod sessions;
mod settings;

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::net::TcpListener;

/// The demo application of Countersign.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Address to listen on.
    #[arg(long, default_value = "0.0.0.0:5000", env = "DEMO_LISTEN")]
    listen: SocketAddr,
    /// File with settings, read again whenever it changes.
    #[arg(long, default_value = ".env", env = "DEMO_ENV_FILE")]
    env_file: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Ask a running demo for its health; for containers, whose image has no other client.
    Healthcheck,
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_ansi(std::io::stdout().is_terminal())
        .with_target(false)
        .with_max_level(tracing::Level::INFO)
        .init();
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Healthcheck) => healthcheck(arguments.listen).await,
        None => serve(arguments).await,
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Outcome = Result<(), Box<dyn std::error::Error>>;

async fn serve(arguments: Arguments) -> Outcome {
    let source = settings::Source::new(std::env::vars().collect(), Some(arguments.env_file));
    let application = routes::Application::new(source)?;
    let listener = TcpListener::bind(arguments.listen).await.map_err(|error| {
        format!(
            "Cannot listen on {}: {error}. Choose another address with --listen.",
            arguments.listen
        )
    })?;
    tracing::info!("Running on http://{}", listener.local_addr()?);
    axum::serve(listener, routes::router(application)).with_graceful_shutdown(stop_asked()).await?;
    Ok(())
}

async fn healthcheck(listen: SocketAddr) -> Outcome {
    let address = SocketAddr::new([127, 0, 0, 1].into(), listen.port());
    let url = format!("http://{address}/health").parse()?;
    http::Http::new()?.json::<serde_json::Value>(url, None).await?;
    Ok(())
}

async fn stop_asked() {
    let interrupt = tokio::signal::ctrl_c();
    match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(mut terminate) => {
            tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
        }
        Err(_) => {
            let _ = interrupt.await;
        }
    }
}
