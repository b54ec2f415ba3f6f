//! Fast kernels and the parties on a computer.
