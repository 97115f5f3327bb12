//! What the program says beside its results: on standard error, as text or as a JSON object a line.

use std::fmt::Arguments;
use std::io::{IsTerminal, Write};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use millstream::{NOTICES as TARGET, json_string};
use tracing::field::Field;
use tracing_subscriber::filter::{EnvFilter, FilterExt, filter_fn};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::output::visible;

/// How messages are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// As people read it.
    #[default]
    Text,
    /// An object a line, with `timestamp`, `level` and `message`.
    Json,
}

static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Sets the format, and listens to what happens inside: to what is for people, and to the rest as far as
/// `MILLSTREAM_LOG` asks for it.
pub fn start(format: LogFormat) {
    // It is set once, before anything is said.
    let _ = FORMAT.set(format);
    let filter =
        EnvFilter::try_from_env("MILLSTREAM_LOG").unwrap_or_else(|_| EnvFilter::new("off"));
    let inside = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let inside = match format {
        LogFormat::Text => inside.boxed(),
        LogFormat::Json => inside.json().boxed(),
    };
    let notices = filter_fn(|about| about.target() == TARGET);
    let others = filter_fn(|about| about.target() != TARGET);
    tracing_subscriber::registry()
        .with(Notices.with_filter(notices))
        .with(inside.with_filter(filter.and(others)))
        .init();
}

/// Shows what is said for people.
struct Notices;

impl<S: tracing::Subscriber> Layer<S> for Notices {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        event.record(&mut |field: &Field, message: &dyn std::fmt::Debug| {
            if field.name() == "message" {
                // It comes while the line of progress may stand there.
                if std::io::stderr().is_terminal() && FORMAT.get() != Some(&LogFormat::Json) {
                    let _ = write!(std::io::stderr(), "\r\x1b[K");
                }
                say(event.metadata().level().as_str(), format_args!("{message:?}"));
            }
        });
    }
}

/// Something worth knowing.
pub fn info(message: Arguments<'_>) {
    say("INFO", message);
}

/// Something that may not be as it was meant.
pub fn warning(message: Arguments<'_>) {
    say("WARN", message);
}

/// Something that went wrong.
pub fn error(message: Arguments<'_>) {
    say("ERROR", message);
}

fn say(level: &str, message: Arguments<'_>) {
    let line = match FORMAT.get() {
        Some(LogFormat::Json) => {
            let clock = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            let time = millstream_types::time::timestamp_text(clock.as_millis() as i64, 1_000, 3);
            let time = time.replacen(' ', "T", 1);
            let text = json_string(&message.to_string());
            format!("{{\"timestamp\":\"{time}Z\",\"level\":\"{level}\",\"message\":{text}}}\n")
        }
        // Messages quote data, which must not steer the terminal.
        _ => visible(&message.to_string(), |kept| matches!(kept, '\n' | '\t')) + "\n",
    };
    // Nobody is left to be told when this fails.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
