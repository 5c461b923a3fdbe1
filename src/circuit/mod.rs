//! The flat, resolved, always valid circuit.
