//! What a watermark assigner is told.

/// How watermarks treat splits and rows that are out of the ordinary. Times are in ms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WatermarkOptions {
    /// Which rows are given the watermark they met.
    pub stamps: Stamps,
    /// How long a split may be silent, by the clock, before the others go on without it.
    pub idle_timeout: Option<i64>,
    /// How far a row may be ahead of the clock and still move the watermark.
    pub future_skew: Option<i64>,
    /// A group of sources, and how far one may be ahead of the least of them.
    pub alignment: Option<(String, i64)>,
}

/// Which rows are given the watermark they met; it costs, so no more than are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stamps {
    /// Those of batches with a row that is not ahead of the watermark.
    #[default]
    Behind,
    /// Those of batches with a row that is less than 2 ms ahead of it: a session that the watermark has
    /// just closed must not grow by the row that closed it.
    Touching,
    /// All.
    All,
}
