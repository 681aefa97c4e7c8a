//! What any answer to the exercise must do.

// Each test program uses a part of this.
#![allow(dead_code)]

pub mod consumer;
pub mod documents;
