//! What operators remember: keys found by hash, numbered densely.
//!
//! A key's number is its slot. Everything else that is known of the key stands in columns indexed by
//! slot, so that state is walked and copied column by column.

mod integer_keys;
mod integer_table;
pub mod key_index;
pub mod row_store;
mod text_keys;

pub use integer_keys::{integers, is_integer_like};
pub use key_index::{KeyIndex, hash_rows, shard_of};
pub use row_store::RowStore;
