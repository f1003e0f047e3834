//! Everything read from the venue against recorded samples, and against prost on damaged ones.
//!
//! `vectors/mexc/INDEX.md` says where each sample comes from and what must be read from it.

mod golden {
    pub(crate) mod bodies;
    mod control;
    mod events;
    mod frames;
    mod hostile;
    pub(crate) mod oracle;
    pub(crate) mod shown;
    pub(crate) mod support;
}
