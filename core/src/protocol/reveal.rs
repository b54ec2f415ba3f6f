//! The two ends: the client masks its input, and opens the result that the server sends.
//!
//! ```text
//! input    client -> server   a = x - x_cd   (mod 2^bits)
//! output   server -> client   a;  the client adds the client-dealer component
//! ```

use crate::ring;
use crate::share::{ClientDealer, Server, Share};

/// Client: the server's component of the input; `masks` holds `x_cd` on entry.
pub fn mask_input(input: &[i32], masks: &mut [u32], bits: u8) {
    for (input, mask) in input.iter().zip(masks) {
        *mask = (*input as u32).wrapping_sub(*mask) & ring::mask(bits);
    }
}

/// Opens a value: the only function that adds both components.
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
        *out = ring::signed(a.wrapping_add(*cd), bits);
    }
}
