//! What the program says beside its results: on standard error, as text or as a JSON object a line.

use std::fmt::Arguments;
use std::io::Write;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use millstream::json_string;

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

/// Sets the format, and listens to what happens inside as far as `MILLSTREAM_LOG` asks for it.
pub fn start(format: LogFormat) {
    // It is set once, before anything is said.
    let _ = FORMAT.set(format);
    let filter = tracing_subscriber::EnvFilter::try_from_env("MILLSTREAM_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("off"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
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
        _ => format!("{message}\n"),
    };
    // Nobody is left to be told when this fails.
    let _ = std::io::stderr().lock().write_all(line.as_bytes());
}
