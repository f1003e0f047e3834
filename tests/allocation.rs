//! The whole trader, from a frame's bytes to the bytes of an order, asks the heap for nothing in
//! its steady state.
//!
//! It runs on the simulated exchange, and only calls into it are counted: what the exchange and the
//! network allocate is theirs. Three kinds of call may allocate and are counted apart: replies to
//! questions (pages of JSON), facts of the scout and commands, and links that come up or go down.
//! None of them lies between a market frame and an order.

mod allocation {
    mod counter;
    mod steady;
}
