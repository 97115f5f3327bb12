//! Work on a deep stack: reading and planning a statement is recursive, and statements come from people
//! and from programs that generate them.

use millstream_types::{Error, Result};

/// Memory that is set aside, but only used as far as the work goes.
const STACK_BYTES: usize = 512 << 20;

/// Does some work on a stack of its own and waits for it.
///
/// # Errors
/// When no thread can be had, or the work panicked, which is a bug.
pub fn on_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    std::thread::scope(|scope| {
        let builder =
            std::thread::Builder::new().name("planner".to_owned()).stack_size(STACK_BYTES);
        let thread = builder
            .spawn_scoped(scope, work)
            .map_err(|error| Error::Internal(format!("no thread to plan a statement: {error}")))?;
        thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Error::Internal(text.unwrap_or("a panic without a message").to_owned())
        })
    })
}
