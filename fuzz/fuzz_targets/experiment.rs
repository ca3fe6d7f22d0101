#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| spikewatt_fuzz::experiment(data));
