//! The fastest possible additions on this machine: what the engine is measured against.

use super::seconds;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hint::black_box;

/// Additions per second [G/s] of whole rows, four a pass.
pub fn row_add_limit(rows: usize) -> f64 {
    const FAN_OUT: usize = 1024;
    let (mut matrix, mut sums) = (Vec::new(), Vec::new());
    let matrix = line_by_line(&mut matrix, rows * FAN_OUT, |i| (i % 7) as f32);
    let sums = line_by_line(&mut sums, FAN_OUT, |_| 0.0);
    let passes = (1 << 27) / (4 * FAN_OUT);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let order: Vec<[usize; 4]> = (0..passes)
        .map(|_| std::array::from_fn(|_| rng.random_range(0..rows)))
        .collect();
    let time = seconds(|| {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has AVX2.
            unsafe { add_rows_avx2(matrix, &order, sums) };
            return;
        }
        add_rows(matrix, &order, sums);
    });
    black_box(sums);
    (order.len() * 4 * FAN_OUT) as f64 / time / 1e9
}

/// So many numbers, the first of which begins a line of the cache: no row lies across one more line
/// than it has to.
fn line_by_line(memory: &mut Vec<f32>, count: usize, number: fn(usize) -> f32) -> &mut [f32] {
    const LINE: usize = 64;
    memory.reserve(count + LINE);
    let skipped = memory.as_ptr().align_offset(LINE).min(LINE);
    memory.resize(skipped, 0.0);
    memory.extend((0..count).map(number));
    &mut memory[skipped..]
}

#[inline(always)]
fn add_rows(matrix: &[f32], order: &[[usize; 4]], sums: &mut [f32]) {
    let width = sums.len();
    for rows in order {
        let [a, b, c, d] = rows.map(|row| &matrix[row * width..(row + 1) * width]);
        for ((((sum, a), b), c), d) in sums.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *sum = *sum + a + b + c + d;
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn add_rows_avx2(matrix: &[f32], order: &[[usize; 4]], sums: &mut [f32]) {
    add_rows(matrix, order, sums);
}

/// Scattered additions per second [G/s].
pub fn scatter_limit() -> f64 {
    let (neurons, fan_out, sources) = (10_000u32, 1_000, 10_000);
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut targets: Vec<u32> = (0..fan_out * sources)
        .map(|_| rng.random_range(0..neurons))
        .collect();
    targets.chunks_mut(fan_out).for_each(<[u32]>::sort_unstable);
    let mut sums = vec![0.0f32; neurons as usize];
    let time = seconds(|| {
        for row in targets.chunks(fan_out) {
            for &target in row {
                sums[target as usize] += 0.1;
            }
        }
    });
    black_box(&sums);
    targets.len() as f64 / time / 1e9
}
