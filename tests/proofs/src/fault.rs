//! Errors to plant: every proof must find the ones that concern it.

use crate::lanes::Mask;

/// One error in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The client sends `x + x_cd`.
    InputSign,
    /// The client's half of a linear layer has `- zeta`.
    ZetaSign,
    /// The dealer's half of a linear layer has `+ z_cd`.
    PreActivationSign,
    /// Accumulators start without the 1.5 units that the truncations lose.
    NoHalves,
    /// The server adds the rounding, the dealer does not subtract it.
    RoundingOfOneParty,
    /// Windows are opened without the half unit that rounds them.
    NoWindowRounding,
    /// The server opens its window one bit higher than the dealer's tables are for.
    WindowOffByOne,
    /// The client reads its table beside the place that the window says.
    BesideTheWindow,
    /// The dealer shares `lam + share`.
    LamSign,
    /// The dealer takes the client's shares of `carry` for those of `top`, and the other way round.
    PartnersSwapped,
    /// The server forgets its public part.
    NoPublicPart,
    /// A knot is added where it should be subtracted.
    KnotSign,
    /// The dealer shares `eps l + p_c`.
    CrossSign,
    /// Client and dealer lift `z_cd` with `- q`.
    ExtendSign,
    /// The dealer adds `beta x_cd`.
    FactorSign,
    /// A factor is opened without `alpha`.
    FactorBare,
    /// Two purposes share one stream.
    Reused {
        /// The mask that should have been fresh.
        mask: Mask,
        /// The one that is used again.
        from: Mask,
    },
    /// A mask is zero.
    Missing(Mask),
    /// Windows are opened without `s_sd`.
    WindowBare,
    /// Pixels are opened without `z_sd`.
    PixelBare,
    /// All of the winning score is opened, not only its index.
    ScoreOpened,
}
