//! Components of shared values as types of their own: they do not print, do not compare, and have no arithmetic with
//! plain numbers. The steps in [`crate::protocol`] are what may look inside. They are wiped when dropped.

use core::fmt;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use zeroize::Zeroize;

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

/// Words that are wiped when dropped, in storage `S` (a slice, an array or a vector of `u32`).
///
/// A borrowed slice is wiped for its owner. What `zeroize::Zeroizing` wipes element by element is wiped at once here.
#[derive(Default)]
pub struct Wiped<S: AsMut<[u32]>>(S);

impl<S: AsMut<[u32]>> Wiped<S> {
    /// Takes words into custody.
    pub const fn new(words: S) -> Self {
        Self(words)
    }
}

impl<S: AsMut<[u32]>> Drop for Wiped<S> {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

impl<S: AsRef<[u32]> + AsMut<[u32]>> Deref for Wiped<S> {
    type Target = [u32];

    fn deref(&self) -> &[u32] {
        self.0.as_ref()
    }
}

impl<S: AsRef<[u32]> + AsMut<[u32]>> DerefMut for Wiped<S> {
    fn deref_mut(&mut self) -> &mut [u32] {
        self.0.as_mut()
    }
}

impl<S: AsMut<[u32]>> fmt::Debug for Wiped<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wiped(redacted)")
    }
}

/// One component of a split tensor, in storage `S` (a slice or a vector of `u32`). Wiped when dropped.
pub struct Share<Holder, S: AsMut<[u32]>> {
    words: Wiped<S>,
    holder: PhantomData<Holder>,
}

impl<Holder, S: AsMut<[u32]>> Share<Holder, S> {
    /// Marks words as the component of `Holder`.
    pub const fn new(words: S) -> Self {
        Self { words: Wiped::new(words), holder: PhantomData }
    }
}

impl<Holder, S: AsRef<[u32]> + AsMut<[u32]>> Share<Holder, S> {
    /// The words, for a protocol step.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The words, for a protocol step.
    pub fn words_mut(&mut self) -> &mut [u32] {
        &mut self.words
    }
}

impl<Holder, S: AsMut<[u32]>> fmt::Debug for Share<Holder, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Share(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_share_is_wiped_in_its_owners_memory() {
        let mut memory = [7; 40];
        let mut share = Share::<Server, _>::new(&mut memory[..33]);
        share.words_mut()[0] = 8;
        assert_eq!(share.words().len(), 33);
        drop(share);
        assert_eq!((&memory[..33], &memory[33..]), (&[0; 33][..], &[7; 7][..]));
    }

    #[test]
    fn dropped_words_are_wiped() {
        let mut memory = [7; 3];
        drop(Wiped::new(&mut memory[1..]));
        assert_eq!(memory, [7, 0, 0]);
    }
}
