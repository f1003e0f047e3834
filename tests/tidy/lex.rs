//! As much of Rust's grammar as it takes to tell code from comments and text.

/// The source line by line with comments, strings and characters blanked out.
pub(crate) fn code(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = blank_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out.lines().map(String::from).collect()
}

/// Where the comment or literal that starts at `at` ends; `at` when none does.
fn blank_end(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    match rest {
        ['/', '/', ..] => at + rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => at + comment_len(rest),
        ['"', ..] => at + string_len(rest),
        ['r', '"' | '#', ..] if !is_word(chars, at) => at + raw_len(rest).unwrap_or(0),
        ['\'', ..] => at + char_len(rest).unwrap_or(0),
        _ => at,
    }
}

/// Whether a word goes on at `at`, so that an `r` there begins no raw string. `b` and `c` before it
/// do not count: they are part of the literal.
fn is_word(chars: &[char], at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else { return false };
    let word = |at: usize| chars[at].is_alphanumeric() || chars[at] == '_';
    let prefix = matches!(chars[before], 'b' | 'c');
    word(before) && !(prefix && before.checked_sub(1).is_none_or(|at| !word(at)))
}

/// Comments nest.
fn comment_len(rest: &[char]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn string_len(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

fn raw_len(rest: &[char]) -> Option<usize> {
    let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return None;
    }
    let mut end = vec!['"'];
    end.extend(std::iter::repeat_n('#', hashes));
    let body = hashes + 2;
    let found = rest[body..].windows(end.len()).position(|window| window == end);
    Some(found.map_or(rest.len(), |at| body + at + end.len()))
}

/// `'a'` and `'\n'`; a lifetime is not blanked.
fn char_len(rest: &[char]) -> Option<usize> {
    match rest {
        ['\'', '\\', ..] => {
            let end = rest[3..].iter().position(|c| *c == '\'')?;
            (end < 10).then_some(3 + end + 1)
        }
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

/// How many of the first lines ship: all up to `#[cfg(test)]` before a `mod` with a body, since
/// tests stand last.
pub(crate) fn shipped(code: &[String]) -> usize {
    let mut marked = None;
    for (at, line) in code.iter().enumerate() {
        let line = line.trim();
        if line.starts_with("#[cfg(test)]") {
            marked = Some(at);
        } else if let Some(start) = marked {
            if line.starts_with("mod ") && line.ends_with('{') {
                return start;
            }
            if !line.is_empty() && !line.starts_with("#[") {
                marked = None;
            }
        }
    }
    code.len()
}

/// Whether `word` stands in `text` with no letter, digit or underscore at either side.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

/// The paths of every `use`, groups taken apart, each with its line from 1.
pub(crate) fn uses(code: &[String]) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (at, line) in code.iter().enumerate() {
        let line = line.trim();
        let start = ["use ", "pub use ", "pub(crate) use "];
        if open.is_none() && start.iter().any(|start| line.starts_with(start)) {
            open = Some((at + 1, String::new()));
        }
        let Some((_, text)) = open.as_mut() else { continue };
        text.push_str(line);
        if line.ends_with(';') {
            let Some((from, text)) = open.take() else { continue };
            let tree = text.split_once("use ").map_or("", |(_, tree)| tree);
            let mut paths = Vec::new();
            expand("", tree.trim_end_matches(';'), &mut paths);
            found.extend(paths.into_iter().map(|path| (from, path)));
        }
    }
    found
}

fn expand(head: &str, tree: &str, paths: &mut Vec<String>) {
    let Some((before, group)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or(tree).trim();
        return paths.push(format!("{head}{path}"));
    };
    let group = group.strip_suffix('}').unwrap_or(group);
    let head = format!("{head}{}", before.trim());
    let mut depth = 0_usize;
    let mut from = 0;
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                expand(&head, &group[from..at], paths);
                from = at + 1;
            }
            _ => {}
        }
    }
    if !group[from..].trim().is_empty() {
        expand(&head, group[from..].trim(), paths);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blank_and_code_is_not() {
        let source = r##"let a = "unsafe"; // unsafe
/* unsafe /* unsafe */ unsafe */ let b = 'x'; let c: &'static str = r#"unsafe "quoted" unsafe"#;
let d = b"\"unsafe"; let e = '\''; unsafe { e }"##;
        let code = code(source);
        assert_eq!(code.len(), 3);
        assert!(!has_word(&code[0], "unsafe") && code[0].contains("let a ="));
        assert!(!has_word(&code[1], "unsafe") && code[1].contains("&'static str"));
        assert_eq!(code[2].matches("unsafe").count(), 1, "{}", code[2]);
    }

    #[test]
    fn words_end_at_letters_digits_and_underscores() {
        assert!(has_word("x: f64,", "f64"));
        assert!(!has_word("from_f64(x)", "f64") && !has_word("#![deny(unsafe_code)]", "unsafe"));
    }

    #[test]
    fn groups_of_a_use_are_taken_apart() {
        let code = code("use std::{\n    fs::{self, File as F},\n    net,\n};\nlet x = 1;");
        let paths: Vec<String> = uses(&code).into_iter().map(|(_, path)| path).collect();
        assert_eq!(paths, ["std::fs::self", "std::fs::File", "std::net"]);
    }

    #[test]
    fn what_follows_the_test_module_does_not_ship() {
        let inline = code("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n");
        assert_eq!(shipped(&inline), 1);
        let outside = code("#[cfg(test)]\nmod tests;\nfn a() {}\n");
        assert_eq!(shipped(&outside), 3);
        let function = code("#[cfg(test)]\nfn only_here() {}\nfn a() {}\n");
        assert_eq!(shipped(&function), 3);
    }
}
