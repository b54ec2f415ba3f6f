use std::fmt;

/// Text in lines, some of them a name and a value behind it.
#[derive(Clone, Debug)]
pub struct Lines {
    text: String,
    width: usize,
}

impl Lines {
    /// No lines yet; names take `width` characters.
    pub const fn new(width: usize) -> Self {
        Self { text: String::new(), width }
    }

    /// A name and its value.
    pub fn pair(&mut self, name: &str, value: impl fmt::Display) {
        let width = self.width;
        self.line(format_args!("{name:<width$} {value}"));
    }

    /// A name and its value, if there is one.
    pub fn maybe(&mut self, name: &str, value: Option<impl fmt::Display>) {
        if let Some(value) = value {
            self.pair(name, value);
        }
    }

    /// A line.
    pub fn line(&mut self, line: impl fmt::Display) {
        self.block(format_args!("{line}\n"));
    }

    /// Text that has its own line ends.
    pub fn block(&mut self, block: impl fmt::Display) {
        self.text += &block.to_string();
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
