//! The configuration written out again: for people, for the journal, for editors.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::Settings;
use crate::check::sections;
use crate::problem::Source;
use crate::schema::{self, Key, Kind};
use crate::value::TextKind;

/// One key of the configuration in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Full path.
    pub key: String,
    /// As it is written in a file.
    pub value: String,
    /// Empty where the value has none.
    pub unit: &'static str,
    /// Who said it.
    pub source: Source,
    /// Says where or on which machine, not what is traded.
    pub local: bool,
}

impl Settings {
    /// Every key with its value, as written, and who said it.
    pub fn shown(&self) -> Vec<Shown> {
        let shown = self.table.iter().map(|(key, row, checked)| Shown {
            key,
            value: checked.value.toml(),
            unit: row.unit,
            source: checked.source.clone(),
            local: row.local,
        });
        shown.collect()
    }

    /// A file that loads to the same settings, the source of each key beside it.
    pub fn show(&self) -> String {
        write(&self.shown(), |row| format!("  # {}", row.source))
    }

    /// What is traded, without sources and without the keys that only say where: equal texts trade
    /// alike. The journal keeps it as a blob.
    pub fn canonical(&self) -> String {
        let shown = self.shown();
        let rows: Vec<Shown> = shown.into_iter().filter(|row| !row.local).collect();
        write(&rows, |_| String::new())
    }

    /// BLAKE3 of [`canonical`](Self::canonical).
    pub fn hash(&self) -> [u8; 32] {
        *blake3::hash(self.canonical().as_bytes()).as_bytes()
    }

    /// The first 16 bytes of [`hash`](Self::hash), big end first: the form of a permit.
    pub fn hash_short(&self) -> u128 {
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&self.hash()[..16]);
        u128::from_be_bytes(bytes)
    }
}

/// TOML with a header a section; lists of tables keep their order.
fn write(rows: &[Shown], note: impl Fn(&Shown) -> String) -> String {
    let mut text = String::new();
    let mut section = "";
    for row in rows {
        let (head, name) = row.key.rsplit_once('.').unwrap_or(("", &row.key));
        if head != section {
            section = head;
            let _ = match list_of(head) {
                Some(list) => writeln!(text, "\n[[{list}]]"),
                None => writeln!(text, "\n[{head}]"),
            };
        }
        let _ = writeln!(text, "{name} = {}{}", row.value, note(row));
    }
    text
}

/// `exit.ladder` for `exit.ladder.2`.
fn list_of(section: &str) -> Option<&str> {
    let (list, index) = section.rsplit_once('.')?;
    schema::index(index)?;
    schema::group(list).map(|group| group.path)
}

/// The key tables of config/README.md; the shipped value stands in the column "shipped".
#[cfg(test)]
pub(crate) fn markdown(shipped: impl Fn(&str) -> String) -> String {
    let mut text = String::new();
    for (section, keys) in sections() {
        let title = match (section, schema::group(section.trim_end_matches(".*"))) {
            ("", _) => "Top of trader.toml".to_owned(),
            (_, Some(group)) => {
                format!("[[{}]], {} to {} entries", group.path, group.min, group.max)
            }
            (section, None) => format!("[{section}]"),
        };
        let _ = writeln!(text, "\n### {title}\n\n| key | unit | shipped | range | meaning |");
        let _ = writeln!(text, "|---|---|---|---|---|");
        for key in keys {
            let name = key.path.rsplit('.').next().unwrap_or(key.path);
            let (unit, range, meaning) = (key.unit, key.kind.range(), key.meaning);
            let value = shipped(key.path);
            let _ = writeln!(text, "| `{name}` | {unit} | `{value}` | {range} | {meaning} |");
        }
    }
    text
}

/// The schema as a JSON Schema, draft 2020-12.
pub(crate) fn json_schema() -> String {
    let mut root = object();
    for (section, keys) in sections() {
        let mut place = &mut root;
        for part in section.split('.').filter(|part| !part.is_empty()) {
            place = if part == "*" { items(place) } else { member(place, part) };
        }
        for key in keys {
            let name = key.path.rsplit('.').next().unwrap_or(key.path);
            add(place, name, leaf(key));
        }
    }
    for group in &schema::GROUPS {
        let mut place = &mut root;
        for part in group.path.split('.') {
            place = member(place, part);
        }
        place["minItems"] = json!(group.min);
        place["maxItems"] = json!(group.max);
    }
    root["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    root["title"] = json!("Shrike configuration");
    serde_json::to_string_pretty(&root).unwrap_or_default()
}

fn object() -> Json {
    json!({ "type": "object", "additionalProperties": false, "properties": {}, "required": [] })
}

fn add(place: &mut Json, name: &str, value: Json) {
    place["properties"][name] = value;
    if let Some(required) = place["required"].as_array_mut() {
        required.push(json!(name));
    }
}

fn member<'a>(place: &'a mut Json, name: &str) -> &'a mut Json {
    if place["properties"].get(name).is_none() {
        add(place, name, object());
    }
    &mut place["properties"][name]
}

/// Turns the object at `place` into a list; its entries.
fn items(place: &mut Json) -> &mut Json {
    *place = json!({ "type": "array", "items": object() });
    &mut place["items"]
}

fn leaf(key: &Key) -> Json {
    let mut leaf = match key.kind {
        Kind::Whole { min, max } => {
            json!({ "type": "integer", "minimum": min, "maximum": max })
        }
        Kind::WholeOrNone { max } => json!({
            "oneOf": [{ "type": "integer", "minimum": 0, "maximum": max }, { "const": "none" }]
        }),
        Kind::Money { above, max } => json!({
            "oneOf": [
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]{1,18})?$" },
                { "type": "integer", "exclusiveMinimum": above, "maximum": max },
            ]
        }),
        Kind::Flag => json!({ "type": "boolean" }),
        Kind::Word(of) => json!({ "enum": of }),
        Kind::Words { of, min } => json!({
            "type": "array", "items": { "enum": of }, "minItems": min, "uniqueItems": true
        }),
        Kind::Text(TextKind::KeyRef) => {
            json!({ "type": "string", "pattern": KEY_REFERENCE })
        }
        Kind::Text(_) => json!({ "type": "string", "minLength": 1 }),
    };
    let extra: Map<String, Json> = [
        ("description", json!(key.meaning)),
        ("x-unit", json!(key.unit)),
        ("x-range", json!(key.kind.range())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    if let Some(leaf) = leaf.as_object_mut() {
        leaf.extend(extra);
    }
    leaf
}

/// The forms of a reference to an API key.
const KEY_REFERENCE: &str = concat!(
    "^(store:[a-z0-9_-]{1,32}|credential:[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}|file:.+",
    "|env:[A-Z][A-Z0-9_]{0,63})$"
);
