//! Plug-ins as they are shipped: the WebAssembly modules beside the same sources linked natively,
//! beside modules that mean harm, and exchanged while a feed goes on.

mod plugins {
    mod feed;
    mod heap;
    mod hostile;
    mod journal;
    mod modules;
    mod swaps;
    mod twins;
}
