//! A stream plan as a running dataflow that advances in epochs. The only crate that spawns threads.
//!
//! | module | what it holds |
//! |---|---|
//! | [`job`] | [`Job`]: a running dataflow, seen from outside |
//! | [`dataflow`] | the operators of a plan, and what they do in one epoch |
//! | [`stages`] | makes the operators of a plan |
//! | `steps` | what single nodes do in an epoch |
//! | [`flow`] | batches on their way from one operator to the next |
//! | `inputs` | how the event times of several inputs come together |
//! | [`feed`] | a source on a thread of its own |
//! | [`serve`] | the server that tables are posted to |
//! | `serve_request`, `serve_bodies`, `serve_connections`, `serve_writes` | its requests and connections |
//! | [`taps`], `content` | who follows what a job writes |
//! | [`deep`] | work on a deep stack |
//! | [`metrics`] | what a job counts |

mod content;
pub mod dataflow;
pub mod deep;
pub mod feed;
pub mod flow;
mod inputs;
pub mod job;
pub mod metrics;
pub mod serve;
mod serve_bodies;
mod serve_connections;
mod serve_request;
mod serve_writes;
pub mod stages;
mod steps;
pub mod taps;

pub use job::{Job, JobOptions, start};
pub use metrics::Metrics;
pub use serve::{Server, ServerOptions};
