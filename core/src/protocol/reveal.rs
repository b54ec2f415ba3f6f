//! The two ends: the client masks its input, and opens the result that the server sends.
//!
//! ```text
//! input    client -> server   a = x - x_cd   (mod 2^bits)
//! output   server -> client   a;  the client adds the client-dealer component
//! ```

use crate::ring;
use crate::share::{ClientDealer, Server, Share};
use crate::word::Word;

/// Client: turns the input `x`, in two's complement, into the server's component of it.
pub fn mask_input<W: Word>(x: &mut [W], x_cd: &[W], bits: u8) {
    ring::sub(x, x_cd);
    ring::reduce(x, bits);
}

/// Opens a value: with [`sum`], the only function that adds both components.
///
/// Whoever calls this says why the value may be known to the caller. In an inference that is the client, of the
/// output.
pub fn open<A: AsRef<[u32]> + AsMut<[u32]>, B: AsRef<[u32]> + AsMut<[u32]>>(
    server: &Share<Server, A>,
    client_dealer: &Share<ClientDealer, B>,
    bits: u8,
    out: &mut [i32],
) {
    let components = server.words().iter().zip(client_dealer.words());
    for ((a, cd), out) in components.zip(out) {
        *out = sum(*a, *cd, bits) as i32;
    }
}

/// The value that two components are of, in two's complement.
#[inline]
pub fn sum<W: Word>(a: W, cd: W, bits: u8) -> W {
    a.wrapping_add(cd).sign_extended(bits)
}
