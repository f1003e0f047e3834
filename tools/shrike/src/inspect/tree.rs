//! Fields to a JSON tree.

use serde_json::{Map, Value};
use venue::mexc::codec::{Fields, Sink};

/// An object of the fields that are set.
pub(super) fn object(fields: &dyn Fields) -> Value {
    let mut tree = Tree::default();
    fields.fields(&mut tree);
    Value::Object(tree.0)
}

#[derive(Default)]
struct Tree(Map<String, Value>);

impl Tree {
    fn append(&mut self, name: &'static str, value: Value) {
        let field = self.0.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(items) = field {
            items.push(value);
        } else {
            *field = value;
        }
    }
}

impl Sink for Tree {
    fn text(&mut self, name: &'static str, value: &str) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn wide(&mut self, name: &'static str, value: i64) {
        self.0.insert(name.to_owned(), value.to_string().into());
    }

    fn small(&mut self, name: &'static str, value: i32) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn flag(&mut self, name: &'static str, value: bool) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn object(&mut self, name: &'static str, value: &dyn Fields) {
        self.0.insert(name.to_owned(), object(value));
    }

    fn item(&mut self, name: &'static str, value: &dyn Fields) {
        self.append(name, object(value));
    }

    fn word(&mut self, name: &'static str, value: &str) {
        self.append(name, value.into());
    }
}
