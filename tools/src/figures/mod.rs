//! Pictures of distortions and choices.
