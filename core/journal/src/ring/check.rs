//! A checksum for bytes that somebody may have died over, not for bytes that somebody forges.
//!
//! CRC-32 of a record of 128 bytes cost as much as the rest of a push together. Here every step
//! is a one-to-one map of what it is given, so a change inside one word of 8 bytes always
//! changes the result; other damage is missed once in 2^64. Four lanes keep the multiplier busy.

const ODD: [u64; 4] =
    [0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9, 0x94d0_49bb_1331_11eb, 0xd6e8_feb8_6659_fd93];

/// The sum over the first 24 bytes of a record's head and its payload.
#[inline]
pub(super) fn checksum(head: &[u8; 24], payload: &[u8]) -> u64 {
    let mut lanes = ODD;
    for (lane, word) in lanes.iter_mut().zip(head.as_chunks::<8>().0) {
        *lane = step(*lane, u64::from_le_bytes(*word), 0);
    }
    let (blocks, rest) = payload.as_chunks::<32>();
    for block in blocks {
        let words = block.as_chunks::<8>().0;
        for at in 0..4 {
            lanes[at] = step(lanes[at], u64::from_le_bytes(words[at]), at);
        }
    }
    let (words, rest) = rest.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        lanes[at] = step(lanes[at], u64::from_le_bytes(*word), at);
    }
    // Zeros up to a whole word are not ambiguous: the length stands in the head.
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    lanes[3] = step(lanes[3], u64::from_le_bytes(last), 3);
    lanes.into_iter().fold(0, |sum, lane| step(sum, lane, 1))
}

/// For a fixed `state` one-to-one in `word`, and the other way round.
#[inline]
const fn step(state: u64, word: u64, at: usize) -> u64 {
    let mixed = (state ^ word).wrapping_mul(ODD[at]);
    mixed ^ mixed >> 32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flipped_bit_of_head_and_payload_changes_the_sum() {
        let mut bytes: Vec<u8> = (0..24 + 77).map(|at| (at * 37) as u8).collect();
        let sum = |bytes: &[u8]| checksum(bytes.first_chunk().unwrap(), &bytes[24..]);
        let good = sum(&bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(sum(&bytes), good, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
