//! A small protobuf writer: enough of proto3 for the push messages, nothing shared with a client.

/// Bytes of a message under construction. Fields with the default value of proto3 are left out.
#[derive(Debug, Default)]
pub(crate) struct Message {
    pub(crate) bytes: Vec<u8>,
}

impl Message {
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.present_text(field, text);
        }
    }

    /// For `optional` fields, which are there even when empty.
    pub(crate) fn present_text(&mut self, field: u32, text: &str) {
        self.block(field, text.as_bytes());
    }

    pub(crate) fn int(&mut self, field: u32, value: i64) {
        if value != 0 {
            self.varint(u64::from(field) << 3);
            // Negative numbers are ten bytes, as two's complement.
            self.varint(value as u64);
        }
    }

    pub(crate) fn flag(&mut self, field: u32, value: bool) {
        self.int(field, i64::from(value));
    }

    pub(crate) fn message(&mut self, field: u32, inner: &Message) {
        self.block(field, &inner.bytes);
    }

    fn block(&mut self, field: u32, bytes: &[u8]) {
        self.varint(u64::from(field) << 3 | 2);
        self.varint(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
