use thiserror::Error;

/// Why a pickle cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PickleError {
    /// It ends too early.
    #[error("it ends in the middle of a value: the file is cut off")]
    End,
    /// No opcode of data.
    #[error("byte {at} is the opcode {code:#04x}, which data is not written with: it is no pickle of arrays")]
    Opcode {
        /// The opcode.
        code: u8,
        /// Where.
        at: usize,
    },
    /// An opcode whose operands are not there or of another kind.
    #[error("the opcode {code:#04x} at byte {at} does not fit what is before it: the file is damaged")]
    Operand {
        /// The opcode.
        code: u8,
        /// Where.
        at: usize,
    },
}
