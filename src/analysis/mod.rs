//! Analyses as functions: op, dc, ac, tran.
