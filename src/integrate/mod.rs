//! Integration formulas, local truncation error, history, events, the stepper.
