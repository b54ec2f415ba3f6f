//! Devices as processes: firmware in QEMU, or the application on this machine.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::super::TrialError;
use super::console::Line;

/// A board that QEMU emulates and the firmware is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Board {
    /// QEMU's name of it.
    pub name: &'static str,
    /// Where its partition is.
    pub partition: u32,
}

/// The boards.
pub const BOARDS: [Board; 2] = [
    Board { name: "lm3s6965evb", partition: 0x0003_0000 },
    Board { name: "mps2-an386", partition: 0x0010_0000 },
];

/// How a device is started.
#[derive(Clone, Debug)]
pub enum Machine {
    /// Firmware in QEMU.
    Emulator {
        /// On which board.
        board: Board,
        /// The ELF file.
        firmware: PathBuf,
        /// Whether time is counted in instructions, a thousand a microsecond.
        count: bool,
    },
    /// A program that takes the partition's and the flash's file, then these arguments.
    Program {
        /// The program.
        path: PathBuf,
        /// Further arguments.
        args: Vec<OsString>,
    },
}

impl Machine {
    fn command(&self, partition: &Path, flash: &Path) -> Command {
        match self {
            Self::Program { path, args } => {
                let mut command = Command::new(path);
                command.arg(partition).arg(flash).args(args);
                command
            }
            Self::Emulator { board, firmware, count } => {
                let mut command = Command::new("qemu-system-arm");
                command.args(["-M", board.name, "-nographic", "-monitor", "none", "-serial", "none"]);
                command.args(["-nic", "user"]);
                if *count {
                    command.args(["-icount", "shift=0,sleep=on"]);
                }
                let mut semihosting = OsString::from("enable=on,target=native,arg=device,arg=flash=");
                semihosting.push(flash);
                command.arg("-semihosting-config").arg(semihosting);
                let mut loader = OsString::from("loader,file=");
                loader.push(partition);
                loader.push(format!(",addr={:#x},force-raw=on", board.partition));
                command.arg("-device").arg(loader).arg("-kernel").arg(firmware);
                command
            }
        }
    }

    /// Powers a device on.
    ///
    /// # Errors
    /// If its process cannot be started.
    pub fn start(&self, partition: &Path, flash: &Path) -> Result<Device, TrialError> {
        let mut command = self.command(partition, flash);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().map_err(|error| TrialError::Device { program, error })?;
        let (send, lines) = channel();
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(read(stdout, send.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(read(stderr, send));
        }
        Ok(Device { child, lines, readers })
    }
}

fn read(from: impl std::io::Read + Send + 'static, to: Sender<Line>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        for line in BufReader::new(from).lines().map_while(Result::ok) {
            // Whoever listened may have heard enough.
            drop(to.send(Line::parse(line.trim_end())));
        }
    })
}

/// A device that runs. Its power is cut when this is dropped.
#[derive(Debug)]
pub struct Device {
    child: Child,
    lines: Receiver<Line>,
    readers: Vec<JoinHandle<()>>,
}

impl Device {
    /// The next line; `None` if none comes until `end`, or the device has ended.
    pub fn line(&self, end: Instant) -> Option<Line> {
        // A device that has ended says as little as one that is silent.
        self.lines.recv_timeout(end.saturating_duration_since(Instant::now())).ok()
    }

    /// Cuts the power; what was printed before.
    pub fn cut(mut self) -> Vec<Line> {
        self.end();
        self.lines.try_iter().collect()
    }

    /// Waits for it to end by itself; whether it did so in order.
    pub fn ended(&mut self, patience: Duration) -> bool {
        let end = Instant::now() + patience;
        loop {
            match self.child.try_wait() {
                Ok(Some(status)) => return status.success(),
                Ok(None) if Instant::now() < end => std::thread::sleep(Duration::from_millis(10)),
                _ => return false,
            }
        }
    }

    fn end(&mut self) {
        // A process that has ended already cannot be killed, which is as good.
        drop(self.child.kill());
        drop(self.child.wait());
        self.readers.drain(..).for_each(|reader| drop(reader.join()));
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        self.end();
    }
}
