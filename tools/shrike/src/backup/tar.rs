//! The plain tar format (POSIX ustar), as far as a backup needs it: regular files with short names.

use std::io::{self, Read, Write};

/// Headers and contents stand at multiples of this.
const BLOCK: usize = 512;
/// Longest name without a prefix field.
const NAME_MAX: usize = 100;
/// Eleven octal digits.
const LEN_MAX: u64 = 0o777_7777_7777;

/// Writes the header of a file of `len` bytes; its bytes and [`pad`] follow.
///
/// # Errors
/// For a name or length that does not fit, besides what the writer answers.
pub(super) fn begin(out: &mut impl Write, name: &str, len: u64, secs: i64) -> io::Result<()> {
    if name.len() > NAME_MAX || len > LEN_MAX {
        return Err(io::Error::other(format!("{name} of {len} bytes does not fit a tar file")));
    }
    let mut block = [0; BLOCK];
    put(&mut block, 0, name.as_bytes());
    put(&mut block, 100, b"0000600\0");
    put(&mut block, 108, b"0000000\0");
    put(&mut block, 116, b"0000000\0");
    put(&mut block, 124, format!("{len:011o}\0").as_bytes());
    put(&mut block, 136, format!("{:011o}\0", secs.max(0)).as_bytes());
    block[156] = b'0';
    put(&mut block, 257, b"ustar\x0000");
    let sum = checksum(&block);
    put(&mut block, 148, format!("{sum:06o}\0 ").as_bytes());
    out.write_all(&block)
}

/// Fills the last block of a file.
///
/// # Errors
/// What the writer answers.
pub(super) fn pad(out: &mut impl Write, len: u64) -> io::Result<()> {
    let rest = (len % BLOCK as u64) as usize;
    if rest == 0 { Ok(()) } else { out.write_all(&[0; BLOCK][rest..]) }
}

/// Ends the tar file.
///
/// # Errors
/// What the writer answers.
pub(super) fn end(out: &mut impl Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

/// The name and length of the next file; `None` at the end. Its bytes follow, then [`skip_pad`].
///
/// # Errors
/// For a header that is none of ours, besides what the reader answers.
pub(super) fn next(from: &mut impl Read) -> io::Result<Option<(String, u64)>> {
    let mut block = [0; BLOCK];
    from.read_exact(&mut block)?;
    if block.iter().all(|&byte| byte == 0) {
        return Ok(None);
    }
    let broken = |what: &str| io::Error::other(format!("a header with {what}"));
    if octal(&block[148..154]) != Some(checksum(&block).into()) {
        return Err(broken("a wrong sum"));
    }
    if block[156] != b'0' || &block[257..262] != b"ustar" {
        return Err(broken("something else than a file"));
    }
    let end = block[..NAME_MAX].iter().position(|&byte| byte == 0).unwrap_or(NAME_MAX);
    let name = std::str::from_utf8(&block[..end]).map_err(|_| broken("an unreadable name"))?;
    let len = octal(&block[124..135]).ok_or_else(|| broken("an unreadable length"))?;
    Ok(Some((name.to_owned(), len)))
}

/// Passes over what fills the last block of a file.
///
/// # Errors
/// What the reader answers.
pub(super) fn skip_pad(from: &mut impl Read, len: u64) -> io::Result<()> {
    let rest = (len % BLOCK as u64) as usize;
    if rest == 0 { Ok(()) } else { from.read_exact(&mut [0; BLOCK][rest..]) }
}

fn put(block: &mut [u8; BLOCK], at: usize, bytes: &[u8]) {
    block[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The sum of all bytes, those of the sum itself taken for spaces.
fn checksum(block: &[u8; BLOCK]) -> u32 {
    let others = block[..148].iter().chain(&block[156..]);
    others.map(|&byte| u32::from(byte)).sum::<u32>() + 8 * u32::from(b' ')
}

fn octal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, &digit| {
        (b'0'..=b'7').contains(&digit).then(|| value << 3 | u64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, content) in [("a", &b"hello"[..]), ("journal/b", &[7; 512][..]), ("c", b"")] {
            begin(&mut bytes, name, content.len() as u64, 1_790_000_000).unwrap();
            bytes.write_all(content).unwrap();
            pad(&mut bytes, content.len() as u64).unwrap();
        }
        end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn files_read_back_in_their_order() {
        let bytes = written();
        let mut from = bytes.as_slice();
        let mut found = Vec::new();
        while let Some((name, len)) = next(&mut from).unwrap() {
            let mut content = vec![0; len as usize];
            from.read_exact(&mut content).unwrap();
            skip_pad(&mut from, len).unwrap();
            found.push((name, content));
        }
        assert_eq!(found[0], ("a".to_owned(), b"hello".to_vec()));
        assert_eq!(found[1], ("journal/b".to_owned(), vec![7; 512]));
        assert_eq!(found[2], ("c".to_owned(), vec![]));
    }

    #[test]
    fn the_tool_of_the_system_reads_it() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("x.tar");
        std::fs::write(&path, written()).unwrap();
        let listed = std::process::Command::new("tar").arg("tf").arg(&path).output();
        let Ok(listed) = listed else { return };
        assert_eq!(String::from_utf8_lossy(&listed.stdout), "a\njournal/b\nc\n");
    }

    #[test]
    fn a_changed_header_is_noticed_and_so_is_a_long_name() {
        let mut bytes = written();
        bytes[2] = b'x';
        assert!(next(&mut bytes.as_slice()).is_err());
        let name = "x".repeat(101);
        assert!(begin(&mut Vec::new(), &name, 0, 0).is_err());
    }
}
