//! Bytes of a connection as lines of bounded length.

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Without its line feed.
    Whole(Vec<u8>),
    /// It passed the bound and was thrown away up to its line feed.
    TooLong,
}

/// What has come of a line that has not ended.
#[derive(Debug)]
pub(super) struct Lines {
    part: Vec<u8>,
    max: usize,
    skipping: bool,
}

impl Lines {
    pub(super) fn new(max: usize) -> Self {
        Self { part: Vec::new(), max, skipping: false }
    }

    /// Lines that end in `bytes`. An empty line is none.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|&byte| byte == b'\n') {
            self.keep(&rest[..end]);
            rest = &rest[end + 1..];
            let part = std::mem::take(&mut self.part);
            if std::mem::take(&mut self.skipping) {
                lines.push(Line::TooLong);
            } else if !part.trim_ascii().is_empty() {
                lines.push(Line::Whole(part));
            }
        }
        self.keep(rest);
        lines
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.part.len() + bytes.len() > self.max {
            self.skipping = true;
        }
        if self.skipping {
            self.part.clear();
        } else {
            self.part.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_the_bytes_are_cut() {
        let bytes = b"one\n\n  \ntwo\nlonger than ten bytes\nthree\nrest";
        let whole = |text: &str| Line::Whole(text.into());
        let expected = [whole("one"), whole("two"), Line::TooLong, whole("three")];
        for size in 1..bytes.len() {
            let mut lines = Lines::new(10);
            let found: Vec<_> = bytes.chunks(size).flat_map(|part| lines.take(part)).collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut lines = Lines::new(10);
        for _ in 0..1_000 {
            assert!(lines.take(b"xxxxxxx").is_empty());
            assert!(lines.part.len() <= 10);
        }
        assert_eq!(lines.take(b"\n"), [Line::TooLong]);
    }
}
