//! Components of shared values as types of their own: they do not print, do not compare, and have no arithmetic with
//! plain numbers. The steps in [`crate::protocol`] are what may look inside.

use core::fmt;
use core::marker::PhantomData;

/// Implements `Debug` without content, for types that hold shares, masks or what is packed from them.
macro_rules! redacted {
    ($($name:ident)*) => {$(
        impl core::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}
pub(crate) use redacted;

/// Marks the component the server holds, `a = x_cs + x_sd`.
#[derive(Debug)]
pub enum Server {}

/// Marks the component that client and dealer know, `x_cd`.
#[derive(Debug)]
pub enum ClientDealer {}

/// One component of a split tensor, in storage `S` (a slice or a vector of `u32`).
pub struct Share<Holder, S> {
    words: S,
    holder: PhantomData<Holder>,
}

impl<Holder, S> Share<Holder, S> {
    /// Marks words as the component of `Holder`.
    pub const fn new(words: S) -> Self {
        Self { words, holder: PhantomData }
    }

    /// Gives the storage back, unmarked.
    pub fn into_inner(self) -> S {
        self.words
    }
}

impl<Holder, S: AsRef<[u32]>> Share<Holder, S> {
    /// The words, for a protocol step.
    pub fn words(&self) -> &[u32] {
        self.words.as_ref()
    }
}

impl<Holder, S: AsMut<[u32]>> Share<Holder, S> {
    /// The words, for a protocol step.
    pub fn words_mut(&mut self) -> &mut [u32] {
        self.words.as_mut()
    }
}

impl<Holder, S> fmt::Debug for Share<Holder, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share(redacted)")
    }
}
