//! Bodies of REST and web pages.
