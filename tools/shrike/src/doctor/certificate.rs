//! Until when a certificate holds: the one field of it that is read here. Whether it is to be
//! believed was settled by the handshake.

/// The end of a DER certificate's validity, in milliseconds since 1970; `None` for what is none.
pub(super) fn ends_at_ms(certificate: &[u8]) -> Option<i64> {
    let (_, outer, _) = element(certificate)?;
    let (_, mut rest, _) = element(outer)?;
    let (tag, _, after) = element(rest)?;
    if tag == VERSION {
        rest = after;
    }
    // Serial number, algorithm, issuer.
    for _ in 0..3 {
        rest = element(rest)?.2;
    }
    let (_, validity, _) = element(rest)?;
    let (_, _, after_begin) = element(validity)?;
    let (tag, end, _) = element(after_begin)?;
    let text = std::str::from_utf8(end).ok()?;
    match tag {
        UTC_TIME => {
            let year: i64 = text.get(..2)?.parse().ok()?;
            // RFC 5280: two digits mean 1950 to 2049.
            moment(if year < 50 { 2_000 + year } else { 1_900 + year }, text.get(2..)?)
        }
        GENERALIZED_TIME => moment(text.get(..4)?.parse().ok()?, text.get(4..)?),
        _ => None,
    }
}

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Tag, content and what follows of the first element.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = bytes.split_first_chunk()?;
    let (len, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let len = digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit));
            (len, rest)
        }
        _ => return None,
    };
    let (content, after) = rest.split_at_checked(len)?;
    Some((tag, content, after))
}

/// A year and `MMDDHHMMSSZ`.
fn moment(year: i64, rest: &str) -> Option<i64> {
    let digits = rest.strip_suffix('Z').filter(|digits| digits.len() == 10)?;
    let part = |at: usize| digits.get(at..at + 2)?.parse::<i64>().ok();
    let (month, day, hour, minute, second) = (part(0)?, part(2)?, part(4)?, part(6)?, part(8)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March here, so that leap days end them.
    let shifted = if month > 2 { year } else { year - 1 };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let leaps = shifted.div_euclid(4) - shifted.div_euclid(100) + shifted.div_euclid(400);
    let days = shifted * 365 + leaps + day_of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::date;

    #[test]
    fn the_end_of_a_certificate_is_read_in_both_of_its_forms() {
        for (tag, text, wanted) in [
            (UTC_TIME, "270401120000Z", "2027-04-01"),
            (UTC_TIME, "500101000000Z", "1950-01-01"),
            (GENERALIZED_TIME, "20000229235959Z", "2000-02-29"),
            (GENERALIZED_TIME, "40960101000000Z", "4096-01-01"),
        ] {
            assert_eq!(ends_at_ms(&certificate(tag, text)).map(date).as_deref(), Some(wanted));
        }
    }

    #[test]
    fn no_cut_and_no_other_bytes_make_it_panic() {
        let whole = certificate(UTC_TIME, "270401120000Z");
        for len in 0..whole.len() {
            let _ = ends_at_ms(&whole[..len]);
            let mut changed = whole.clone();
            changed[len] ^= 0xff;
            let _ = ends_at_ms(&changed);
        }
        assert_eq!(ends_at_ms(b""), None);
        assert_eq!(ends_at_ms(&certificate(UTC_TIME, "271301120000Z")), None);
        assert_eq!(ends_at_ms(&certificate(UTC_TIME, "2704011200Z")), None);
    }

    fn certificate(tag: u8, end: &str) -> Vec<u8> {
        let wrap = |tag: u8, content: &[u8]| {
            let len = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82], &len[..], content].concat()
        };
        let validity = [wrap(UTC_TIME, b"200101000000Z"), wrap(tag, end.as_bytes())].concat();
        let fields = [
            wrap(VERSION, &wrap(0x02, &[2])),
            wrap(0x02, &[1]),
            wrap(0x30, b""),
            wrap(0x30, b"issuer"),
            wrap(0x30, &validity),
        ];
        wrap(0x30, &wrap(0x30, &fields.concat()))
    }
}
