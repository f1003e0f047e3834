//! The pass through the gate.

use model::Request;

/// A request that passed every rule, and the only thing a venue session will send.
///
/// Neither `Copy` nor `Clone`: one pass, one order.
///
/// ```compile_fail
/// let request: model::Request = unimplemented!();
/// let order = risk::Approved(request); // private field: nobody else can make one
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Approved(Request);

impl Approved {
    pub(crate) fn new(request: Request) -> Self {
        Self(request)
    }

    /// What was approved.
    pub fn request(&self) -> &Request {
        &self.0
    }
}
