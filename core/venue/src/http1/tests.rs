use super::*;

const SMALL: Limits = Limits { head_max: 1_024, body_max: 256 };

const SIZED: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}";
const CHUNKED: &[u8] = b"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n\
    3\r\n{\"a\r\n04;x=y\r\n\":1}\r\n0\r\nX-Trailer: z\r\n\r\n";
const LIMITED: &[u8] =
    b"HTTP/1.1 429 Too Many\r\nRetry-After: 12\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    retry_after: Span,
    keep_alive: bool,
    body: Vec<u8>,
}

#[test]
fn every_cut_of_three_pipelined_responses_gives_the_same_three() {
    let all = [SIZED, CHUNKED, LIMITED].concat();
    let whole = read(&[&all]).unwrap();
    assert_eq!(
        whole,
        [
            Seen {
                status: 200,
                retry_after: Span::ZERO,
                keep_alive: true,
                body: b"{\"a\":1}".into()
            },
            Seen {
                status: 400,
                retry_after: Span::ZERO,
                keep_alive: true,
                body: b"{\"a\":1}".into()
            },
            Seen { status: 429, retry_after: Span::from_secs(12), keep_alive: false, body: vec![] },
        ]
    );
    for first in 0..=all.len() {
        for second in first..=all.len() {
            let cuts = [&all[..first], &all[first..second], &all[second..]];
            assert_eq!(read(&cuts).unwrap(), whole, "cut at {first} and {second}");
        }
    }
    let bytes: Vec<&[u8]> = all.chunks(1).collect();
    assert_eq!(read(&bytes).unwrap(), whole);
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() {
    let mut parser = ResponseParser::new(SMALL);
    let bytes = b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>";
    assert_eq!(parser.feed(bytes), Ok(bytes.len()));
    assert!(parser.response().is_none());
    assert_eq!(parser.handle_closed(), Ok(true));
    let response = parser.response().unwrap();
    assert_eq!((response.status, &*response.body), (502, &b"<html>"[..]));
    assert!(!response.keep_alive);
}

#[test]
fn a_connection_that_ends_inside_a_response_is_an_error() {
    for response in [SIZED, CHUNKED] {
        for end in 1..response.len() {
            let mut parser = ResponseParser::new(SMALL);
            parser.feed(&response[..end]).unwrap();
            assert_eq!(parser.handle_closed(), Err(HttpError::Truncated), "cut at {end}");
        }
    }
    assert_eq!(ResponseParser::new(SMALL).handle_closed(), Ok(false));
}

#[test]
fn interim_responses_are_passed_over_but_not_without_end() {
    let interim: &[u8] = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
    let seen = read(&[interim, interim, SIZED]).unwrap();
    assert_eq!(seen.len(), 1);
    let flood = interim.repeat(usize::from(INTERIM_MAX) + 1);
    assert_eq!(read(&[&flood]), Err(HttpError::Interim { status: 103 }));
    let upgrade: &[u8] = b"HTTP/1.1 101 Switching\r\n\r\n";
    assert_eq!(read(&[upgrade]), Err(HttpError::Interim { status: 101 }));
}

#[test]
fn statuses_without_a_body_have_none_whatever_their_headers_say() {
    let seen = read(&[b"HTTP/1.1 304 Not\r\nContent-Length: 9\r\n\r\n", SIZED]).unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen[0].body.is_empty());
}

#[test]
fn hostile_heads_get_an_error_with_the_figure() {
    let endless = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: b\r\n".repeat(1_000)].concat();
    assert_eq!(read(&[&endless]), Err(HttpError::HeadTooLong { max: 1_024 }));
    let many = [b"HTTP/1.1 200 OK\r\n".to_vec(), b"A: b\r\n".repeat(65), b"\r\n".to_vec()].concat();
    assert_eq!(read(&[&many]), Err(HttpError::TooManyHeaders { max: HEADERS_MAX }));
    let cases: &[(&str, HttpError)] = &[
        ("SSH-2.0-x\r\n\r\n", HttpError::BadHead),
        ("HTTP/1.1 200 OK\nA: b\n\nrest\r\n\r\n", HttpError::BadHead),
        ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", HttpError::BadLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", HttpError::BadLength),
        ("HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", HttpError::BadLength),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", HttpError::BadLength),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n",
            HttpError::BadLength,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
            HttpError::BodyTooLong { max: 256 },
        ),
        ("HTTP/1.1 200 OK\r\nContent-Length: 257\r\n\r\n", HttpError::BodyTooLong { max: 256 }),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", HttpError::Encoding),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
            HttpError::Ambiguous,
        ),
    ];
    for (text, error) in cases {
        assert_eq!(read(&[text.as_bytes()]), Err(*error), "{text:?}");
    }
}

#[test]
fn hostile_chunks_get_an_error() {
    let cases: &[(&str, HttpError)] = &[
        ("\r\n", HttpError::BadChunk),
        ("g\r\n", HttpError::BadChunk),
        ("-1\r\n", HttpError::BadChunk),
        ("0x1\r\n", HttpError::BadChunk),
        ("1\na\r\n", HttpError::BadChunk),
        ("1\r\nab", HttpError::BadChunk),
        ("101\r\n", HttpError::BodyTooLong { max: 256 }),
        ("ffffffffffffffffffff\r\n", HttpError::BodyTooLong { max: 256 }),
        ("0\r\n\n", HttpError::BadChunk),
    ];
    for (text, error) in cases {
        assert_eq!(read_chunked(text.as_bytes()), Err(*error), "{text:?}");
    }
    let zeros = b"0".repeat(300);
    assert_eq!(read_chunked(&zeros), Err(HttpError::HeadTooLong { max: 256 }));
    let extension = [b"1;".to_vec(), b"x".repeat(300)].concat();
    assert_eq!(read_chunked(&extension), Err(HttpError::HeadTooLong { max: 256 }));
    let trailers = [b"0\r\n".to_vec(), b"A: b\r\n".repeat(1_000)].concat();
    assert_eq!(read_chunked(&trailers), Err(HttpError::HeadTooLong { max: 1_024 }));
    let many = b"40\r\n".iter().copied().chain([b'x'; 64]).chain(*b"\r\n").collect::<Vec<u8>>();
    assert_eq!(read_chunked(&many.repeat(5)), Err(HttpError::BodyTooLong { max: 256 }));
}

#[test]
fn an_endless_body_stops_at_the_cap() {
    let mut parser = ResponseParser::new(SMALL);
    parser.feed(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    parser.feed(&[b'x'; 256]).unwrap();
    assert_eq!(parser.feed(b"x"), Err(HttpError::BodyTooLong { max: 256 }));
}

#[test]
fn random_bytes_never_break_the_parser() {
    let mut state = 1_u64;
    let seed = [SIZED, CHUNKED, LIMITED].concat();
    for _ in 0..20_000 {
        let mut bytes = seed.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = (state >> 20) as u8;
        }
        if let Ok(seen) = read(&[&bytes]) {
            assert!(seen.iter().all(|one| one.body.len() <= SMALL.body_max));
        }
    }
}

#[test]
fn buffers_are_reused_from_one_response_to_the_next() {
    let mut parser = ResponseParser::new(Limits::ORDERS);
    let (head, body) = (parser.head.as_ptr(), parser.body.as_ptr());
    for _ in 0..100 {
        parser.feed(SIZED).unwrap();
        parser.response().unwrap();
    }
    assert_eq!((parser.head.as_ptr(), parser.body.as_ptr()), (head, body));
}

#[test]
fn a_suffix_cannot_be_broken_out_of() {
    let suffix = Suffix::new("api.mexc.com", &[("X-MEXC-APIKEY", "mx0key")]).unwrap();
    let text = std::str::from_utf8(suffix.as_bytes()).unwrap();
    assert!(text.starts_with(" HTTP/1.1\r\nHost: api.mexc.com\r\n"));
    assert!(text.ends_with("X-MEXC-APIKEY: mx0key\r\n\r\n"));
    assert!(!format!("{suffix:?}").contains("mx0key"));
    assert_eq!(Suffix::new("a\r\nb", &[]).unwrap_err(), SuffixError { header: None });
    let bad = Suffix::new("a", &[("A", "b"), ("C", "d\n")]);
    assert_eq!(bad.unwrap_err(), SuffixError { header: Some(1) });
}

fn read(slices: &[&[u8]]) -> Result<Vec<Seen>, HttpError> {
    let mut parser = ResponseParser::new(SMALL);
    let mut seen = Vec::new();
    for slice in slices {
        let mut rest = *slice;
        loop {
            let taken = parser.feed(rest)?;
            rest = &rest[taken..];
            let Some(response) = parser.response() else { break };
            seen.push(Seen {
                status: response.status,
                retry_after: response.retry_after,
                keep_alive: response.keep_alive,
                body: response.body.to_vec(),
            });
        }
        assert!(rest.is_empty(), "bytes left without a response");
    }
    Ok(seen)
}

fn read_chunked(body: &[u8]) -> Result<Vec<Seen>, HttpError> {
    read(&[b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body])
}
