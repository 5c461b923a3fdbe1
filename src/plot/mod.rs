//! Figures from plain data.
