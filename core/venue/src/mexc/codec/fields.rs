//! What was read, field by field under the venue's own names: for people, tests and tools.

/// Something read from the venue that can show its fields.
pub trait Fields {
    /// Hands every field that is set to `sink`, in the schema's order. A field with the default
    /// value (empty, 0, false, no items) counts as not set.
    fn fields(&self, sink: &mut dyn Sink);
}

/// Takes the fields of one object.
pub trait Sink {
    /// A text or decimal.
    fn text(&mut self, name: &'static str, value: &str);
    /// A 64-bit integer.
    fn wide(&mut self, name: &'static str, value: i64);
    /// A 32-bit integer.
    fn small(&mut self, name: &'static str, value: i32);
    /// A truth value.
    fn flag(&mut self, name: &'static str, value: bool);
    /// An object inside this one.
    fn object(&mut self, name: &'static str, value: &dyn Fields);
    /// One more object of the list `name`.
    fn item(&mut self, name: &'static str, value: &dyn Fields);
    /// One more text of the list `name`.
    fn word(&mut self, name: &'static str, value: &str);
}
