//! Calibration: the parameters of a model card from measured curves and wanted values.
//!
//! TOML ([`file`], [`spec`]) → [`Problem`] (`problem`: experiments are campaigns, targets are compared with their tables
//! and summaries; `data`, `curve`) → [`search`](search()) (global, then local, every evaluation journaled) → [`Fit`]
//! (`fit`: achieved values, intervals, what the data cannot tell) → model card and record (`card`).
//! `docs/calibrate.md` is the reference of the format.
//!
//! ```text
//! u ∈ [0, 1]ⁿ      parameters within their bounds, linear or logarithmic
//! r(u)             residuals: (simulated − wanted)/tolerance, one for each value and each point of a curve
//! min Σ r²         differential evolution (Storn and Price 1997), then trust-region least squares with bounds
//!                  (Branch, Coleman and Li 1999), both from the crate `basin`
//! ```

mod card;
mod curve;
mod data;
mod file;
mod fit;
mod identify;
mod journal;
mod problem;
mod search;
mod spec;

pub use card::{card, record};
pub use fit::{Drawn, Fit, Reached};
pub use identify::{Direction, Estimate};
pub use journal::Journal;
pub use problem::Problem;
pub use search::{Progress, Stage, Stopped, search};
pub use spec::*;
