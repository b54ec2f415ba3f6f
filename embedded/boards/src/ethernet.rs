//! embassy-net's driver over either network chip.
//!
//! What arrives is only ever copied, as long as its length is one of a frame; everything else is dropped and counted.

use core::ops::RangeInclusive;
use core::sync::atomic::{AtomicU32, Ordering};
use core::task::Context;

use embassy_net_driver::{Capabilities, Driver, HardwareAddress, LinkState, RxToken, TxToken};
use embassy_sync::waitqueue::AtomicWaker;
use static_cell::ConstStaticCell;

use crate::board::{ETHERNET, ETHERNET_IRQ, EthernetChip, enable_irq};
pub use crate::registers::NotResponding;

/// Bytes of the longest frame, from addresses to payload.
const MAX_FRAME: usize = 1514;
/// Bytes of a frame's header: shorter ones are no frames.
const HEADER: usize = 14;
/// Checksum at the end, which the chips check, and pass on.
pub(crate) const CHECKSUM: usize = 4;
/// Whole words for a frame with its checksum, which leaves two bytes for what a chip has in front of it.
const CAPACITY: usize = (MAX_FRAME + CHECKSUM).next_multiple_of(4);
/// Lengths of frames with their checksum.
pub(crate) const LENGTHS: RangeInclusive<usize> = HEADER + CHECKSUM..=MAX_FRAME + CHECKSUM;

/// smoltcp advertises no window beyond this many frames. With one, the sender waits for a delayed acknowledgement each time; two
/// for every socket just fit into the FIFO of the LAN9118, which drops what does not.
const BURST: usize = 2;

static WAKER: AtomicWaker = AtomicWaker::new();
static DROPPED: AtomicU32 = AtomicU32::new(0);

/// What the driver waits for.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    /// A frame has arrived.
    Frame,
    /// There is room to send the longest frame.
    Room,
}

/// The part that knows the chip.
pub(crate) trait Chip {
    /// Bytes in front of the frame, in what goes through the chip's FIFO.
    const PREFIX: usize;

    /// The address it was given.
    fn address(&self) -> [u8; 6];

    /// Whether there is anybody at the other end of the cable.
    fn link_is_up(&self) -> bool;

    /// Whether it is so now.
    fn has(&self, event: Event) -> bool;

    /// Interrupt once when the event happens, or soon if it just did.
    fn interrupt_at(&self, event: Event);

    /// Takes one frame from the FIFO and returns its length without checksum; `None` if it was none to keep.
    fn take(&mut self, frame: &mut Frame) -> Option<usize>;

    /// Sends a frame of a length for which there is room.
    fn send(&mut self, frame: &mut Frame, length: usize);
}

/// One frame in memory, with what the chip has in front of it.
#[repr(align(4))]
pub(crate) struct Frame([u8; CAPACITY]);

impl Frame {
    const fn new() -> Self {
        Self([0; CAPACITY])
    }

    /// The first words; fewer if there are fewer.
    pub(crate) fn words(&self, count: usize) -> impl Iterator<Item = u32> {
        self.0.as_chunks().0.iter().take(count).map(|word| u32::from_le_bytes(*word))
    }

    /// The first words, to be replaced.
    pub(crate) fn words_mut(&mut self, count: usize) -> impl Iterator<Item = &mut [u8; 4]> {
        self.0.as_chunks_mut().0.iter_mut().take(count)
    }
}

/// The network chip of the board.
pub struct Ethernet {
    chip: EthernetChip,
    inbound: &'static mut Frame,
    outbound: &'static mut Frame,
}

impl Ethernet {
    /// Starts the chip. Panics when called twice.
    pub fn start() -> Result<Self, NotResponding> {
        static INBOUND: ConstStaticCell<Frame> = ConstStaticCell::new(Frame::new());
        static OUTBOUND: ConstStaticCell<Frame> = ConstStaticCell::new(Frame::new());
        let chip = EthernetChip::start(ETHERNET)?;
        enable_irq(ETHERNET_IRQ);
        Ok(Self { chip, inbound: INBOUND.take(), outbound: OUTBOUND.take() })
    }

    /// Whether it is so now; if not, the task is woken when it is.
    fn ready(&self, event: Event, context: &Context<'_>) -> bool {
        self.chip.has(event) || {
            WAKER.register(context.waker());
            self.chip.interrupt_at(event);
            self.chip.has(event)
        }
    }
}

/// Frames that were too short, too long, or damaged, since the start.
pub fn dropped_frames() -> u32 {
    DROPPED.load(Ordering::Relaxed)
}

/// The chip's interrupts are levels: all are off until the driver waits again.
pub(crate) fn on_interrupt() {
    EthernetChip::silence(ETHERNET);
    WAKER.wake();
}

impl Driver for Ethernet {
    type RxToken<'a> = Inbound<'a>;
    type TxToken<'a> = Outbound<'a>;

    fn receive(&mut self, context: &mut Context<'_>) -> Option<(Inbound<'_>, Outbound<'_>)> {
        if !self.ready(Event::Room, context) || !self.ready(Event::Frame, context) {
            return None;
        }
        let Some(length) = self.chip.take(self.inbound) else {
            DROPPED.fetch_add(1, Ordering::Relaxed);
            context.waker().wake_by_ref();
            return None;
        };
        let inbound = Inbound(&mut self.inbound.0[EthernetChip::PREFIX..][..length]);
        Some((inbound, Outbound { chip: &mut self.chip, frame: self.outbound }))
    }

    fn transmit(&mut self, context: &mut Context<'_>) -> Option<Outbound<'_>> {
        self.ready(Event::Room, context).then_some(Outbound { chip: &mut self.chip, frame: self.outbound })
    }

    fn link_state(&mut self, _context: &mut Context<'_>) -> LinkState {
        if self.chip.link_is_up() { LinkState::Up } else { LinkState::Down }
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = Capabilities::default();
        capabilities.max_transmission_unit = MAX_FRAME;
        capabilities.max_burst_size = Some(BURST);
        capabilities
    }

    fn hardware_address(&self) -> HardwareAddress {
        HardwareAddress::Ethernet(self.chip.address())
    }
}

/// A frame that arrived.
pub struct Inbound<'a>(&'a mut [u8]);

impl RxToken for Inbound<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, read: F) -> R {
        read(self.0)
    }
}

/// Room for a frame to send.
pub struct Outbound<'a> {
    chip: &'a mut EthernetChip,
    frame: &'a mut Frame,
}

impl TxToken for Outbound<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, fill: F) -> R {
        let result = fill(&mut self.frame.0[EthernetChip::PREFIX..][..length]);
        self.chip.send(self.frame, length);
        result
    }
}
