//! The whole trader, from a frame's bytes to the bytes of an order and from a reply's bytes to its
//! effect, asks the heap for nothing after it was made.
//!
//! It runs on the simulated exchange, and only what calls into it ask for is counted: what the
//! exchange and the network allocate is theirs. Replies to questions may ask and are counted apart,
//! because lists of a page of JSON are read as lists; no such page lies between a market frame and
//! an order.

mod allocation {
    mod steady;
}
