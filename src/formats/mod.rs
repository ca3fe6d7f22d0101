//! Readers and writers of files.

pub mod onnx;
