//! Devices, pattern and the four arrays: the only bridge between devices and numerics.
