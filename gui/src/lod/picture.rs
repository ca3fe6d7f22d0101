//! What a window of a raster looks like.

use super::Counts;
use spikewatt::explore::Raster;
use std::ops::Range;

/// A part of a raster and the pixels it is to fill.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Timesteps.
    pub time: Range<f64>,
    /// Rows.
    pub rows: Range<f64>,
    /// Pixels across and down.
    pub pixels: [usize; 2],
}

/// Events per cell of a window, and how bright each cell is.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Timesteps and rows of a cell.
    pub cell: [usize; 2],
    /// First timestep and row of the first cell.
    pub origin: [usize; 2],
    /// Cells across and down.
    pub size: [usize; 2],
    /// Brightness of each cell, row after row: 0 for silence, else 1 to 255 by rank, so that as many
    /// cells are dim as are bright whatever the counts.
    pub brightness: Vec<u8>,
}

/// Timesteps or rows of a cell: a power of two, none smaller than a pixel, a timestep or a row. It
/// halves whenever the window does, so a closer look never has more cells than the whole raster.
fn cell_side(range: &Range<f64>, pixels: usize, all: usize) -> usize {
    let side = |length: f64| {
        let per_pixel = length / pixels.max(1) as f64;
        (per_pixel.ceil().max(1.0) as usize).next_power_of_two()
    };
    let length = range.end - range.start;
    let halvings = (all as f64 / length).log2();
    if halvings >= 0.0 {
        side(all as f64)
            .checked_shr(halvings as u32)
            .unwrap_or(0)
            .max(1)
    } else {
        side(length)
    }
}

/// Cells of a window.
#[must_use]
pub fn picture(raster: &Raster, counts: &Counts, window: &Window) -> Picture {
    let cell = [
        cell_side(&window.time, window.pixels[0], raster.timesteps()),
        cell_side(&window.rows, window.pixels[1], raster.height() as usize),
    ];
    let first = |range: &Range<f64>, cell: usize| range.start.max(0.0) as usize / cell;
    let end = |range: &Range<f64>, cell: usize, all: usize| {
        (range.end.ceil() as usize).min(all).div_ceil(cell)
    };
    let from = [first(&window.time, cell[0]), first(&window.rows, cell[1])];
    let to = [
        end(&window.time, cell[0], raster.timesteps()).max(from[0]),
        end(&window.rows, cell[1], raster.height() as usize).max(from[1]),
    ];
    let size = [to[0] - from[0], to[1] - from[1]];
    let mut values = Vec::with_capacity(size[0] * size[1]);
    match counts.table(cell) {
        Some(count) => {
            for row in from[1]..to[1] {
                values.extend((from[0]..to[0]).map(|column| count(column, row)));
            }
        }
        None => {
            values.resize(size[0] * size[1], 0);
            let rows = (from[1] * cell[1]) as u32..((to[1] * cell[1]) as u32).min(raster.height());
            let shift = cell[1].trailing_zeros();
            for t in from[0] * cell[0]..(to[0] * cell[0]).min(raster.timesteps()) {
                let column = t / cell[0] - from[0];
                for &row in raster.at(t, &rows) {
                    let row = (row >> shift) as usize - from[1];
                    let value: &mut u16 = &mut values[row * size[0] + column];
                    *value = value.saturating_add(1);
                }
            }
        }
    }
    Picture {
        cell,
        origin: [from[0] * cell[0], from[1] * cell[1]],
        size,
        brightness: equalised(&values),
    }
}

/// Ranks of counts among the cells that are not silent, 1 to 255; 0 for silence.
fn equalised(values: &[u16]) -> Vec<u8> {
    let most = values.iter().copied().max().unwrap_or(0);
    let mut cells = vec![0u32; usize::from(most) + 1];
    for &value in values {
        cells[usize::from(value)] += 1;
    }
    let active: u32 = cells[1..].iter().sum();
    let mut below = 0u32;
    let mut brightness = vec![0u8; cells.len()];
    for (value, &cells) in cells.iter().enumerate().skip(1) {
        below += cells;
        // Every active cell can be told from silence.
        brightness[value] = 1 + (254.0 * f64::from(below) / f64::from(active.max(1))) as u8;
    }
    values
        .iter()
        .map(|&value| brightness[usize::from(value)])
        .collect()
}

/// The events of a window one by one, `(timestep, row)`, if there are at most `most`.
#[must_use]
pub fn ticks(raster: &Raster, window: &Window, most: u64) -> Option<Vec<(usize, u32)>> {
    let steps = window.time.start.max(0.0) as usize
        ..(window.time.end.ceil() as usize).min(raster.timesteps());
    let rows =
        window.rows.start.max(0.0) as u32..(window.rows.end.ceil() as u32).min(raster.height());
    // Counting alone could be as slow as drawing all.
    if steps.len() as u64 > most || raster.count(steps.clone(), &rows) > most {
        return None;
    }
    let at = |t: usize| raster.at(t, &rows).iter().map(move |&row| (t, row));
    Some(steps.flat_map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raster() -> Raster {
        let mut raster = Raster::new(64);
        for t in 0..128u32 {
            let mut rows: Vec<u32> = (0..64).filter(|row| (row * row + t * 5) % 11 < 2).collect();
            rows.dedup();
            rows.iter().for_each(|&row| raster.push(row, 1.0));
            raster.end_timestep();
        }
        raster
    }

    #[test]
    fn every_event_of_a_window_lies_in_a_lit_cell_and_no_other_cell_is_lit() {
        let raster = raster();
        let counts = Counts::new(&raster);
        for (time, rows, pixels) in [
            (0.0..128.0, 0.0..64.0, [300, 300]),
            (0.0..128.0, 0.0..64.0, [40, 20]),
            (17.3..31.9, 5.0..9.5, [100, 100]),
            (100.0..128.0, 60.2..64.0, [10, 3]),
        ] {
            let window = Window { time, rows, pixels };
            let picture = picture(&raster, &counts, &window);
            let [width, height] = picture.size;
            assert!(width <= pixels[0] + 1 && height <= pixels[1] + 1);
            for y in 0..height {
                for x in 0..width {
                    let t = picture.origin[0] + x * picture.cell[0];
                    let row = (picture.origin[1] + y * picture.cell[1]) as u32;
                    let events = raster.count(
                        t..t + picture.cell[0],
                        &(row..(row + picture.cell[1] as u32).min(64)),
                    );
                    assert_eq!(picture.brightness[y * width + x] > 0, events > 0);
                }
            }
        }
    }

    #[test]
    fn closed_form_a_closer_look_never_has_more_cells() {
        for (all, pixels) in [
            (10_000usize, 1000),
            (10_000, 613),
            (4096, 1024),
            (700, 1000),
            (3, 50),
        ] {
            let whole = all.div_ceil(cell_side(&(0.0..all as f64), pixels, all));
            for step in 0..400 {
                let length = all as f64 / 1.03f64.powi(step);
                let cell = cell_side(&(0.0..length), pixels, all);
                assert!(
                    cell as f64 >= length / pixels as f64,
                    "no smaller than a pixel"
                );
                let cells = length / cell as f64;
                assert!(
                    cells <= whole as f64 + 1.0,
                    "{cells} cells of {whole}, {all} in {pixels}"
                );
            }
            // Ten times as close with as many cells again shows ten times as much.
            let close = cell_side(&(0.0..all as f64 / 1000.0), pixels, all);
            assert_eq!(close, 1);
        }
        // Margins around the raster.
        assert_eq!(cell_side(&(-50.0..150.0), 100, 100), 2);
    }

    #[test]
    fn worked_equalisation() {
        assert_eq!(equalised(&[0, 1, 1, 9]), [0, 170, 170, 255]);
        assert_eq!(equalised(&[0, 0]), [0, 0]);
        assert_eq!(equalised(&[]), [0u8; 0]);
    }

    #[test]
    fn ticks_are_the_events_of_the_window_or_too_many() {
        let raster = raster();
        let window = Window {
            time: 3.0..6.0,
            rows: 10.0..20.0,
            pixels: [10, 10],
        };
        let ticks = ticks(&raster, &window, 100).unwrap();
        assert_eq!(ticks.len() as u64, raster.count(3..6, &(10..20)));
        assert!(
            ticks
                .iter()
                .all(|(t, row)| (3..6).contains(t) && (10..20).contains(row))
        );
        assert_eq!(super::ticks(&raster, &window, 2), None);
    }
}
