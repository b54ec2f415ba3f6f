//! brelu tools library.
