//! 10,000 neurons × 10,000 timesteps with 10 million spikes: opening a recording, and building the
//! frame of the raster at any zoom, without a display. Fails if it takes longer than promised.
//!
//!     cargo bench -p spikewatt-gui --bench raster

use cpu_time::ProcessTime;
use eframe::egui::{Context, Pos2, RawInput, Rect, Ui, Vec2, vec2};
use spikewatt::explore::{Raster, open_recording};
use spikewatt_gui::app::App;
use spikewatt_gui::lod::{Counts, Window, picture};
use spikewatt_gui::panels;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const NEURONS: usize = 10_000;
const TIMESTEPS: usize = 10_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("ten_million.npz");
    write_recording(&file)?;

    let before = resident_bytes();
    let started = Instant::now();
    let record = open_recording(&file, 0)?;
    let spikes = record.raster.len();
    let mut app = App::new(&Context::default(), None);
    app.state.set_record(record);
    let opened = started.elapsed();
    let memory = resident_bytes()
        .zip(before)
        .map(|(after, before)| after.saturating_sub(before));
    println!("{spikes} spikes, opened in {:.2} s", opened.as_secs_f64());
    if let Some(memory) = memory {
        println!(
            "memory {:.0} MB, {:.1} bytes a spike",
            memory as f64 / 1e6,
            memory as f64 / spikes as f64
        );
    }

    let open = app.state.open.as_ref().ok_or("nothing is open")?;
    let (raster, counts) = (open.record.raster.clone(), open.shown.counts.clone());
    println!("        picture    panel [ms]         window [ms]");
    println!("zoom     [ms]    median   worst    median   worst");
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let mut medians = Vec::new();
    for zoom in [1.0, 2.0, 4.0, 10.0, 30.0, 100.0, 1000.0] {
        let picture = picture_time(&raster, &counts, zoom);
        let mut panels = panels::all();
        let panel = panels.first_mut().ok_or("there is no panel")?;
        let panel = frame_times(&mut app, vec2(1080.0, 660.0), zoom, |ui, app| {
            panel.ui(ui, &mut app.state);
        });
        let window = frame_times(&mut app, vec2(1280.0, 800.0), zoom, |ui, app| app.draw(ui));
        println!(
            "{zoom:>5}× {:>7.2} {:>9.2} {:>7.2} {:>9.2} {:>7.2}",
            ms(picture),
            ms(panel.0),
            ms(panel.1),
            ms(window.0),
            ms(window.1)
        );
        medians.extend([panel, window]);
    }
    // The panel at the widest and at the closest zoom.
    let falls = medians[0].0 > medians[medians.len() - 2].0;

    let millis = |n| Duration::from_millis(n);
    let mut broken = Vec::new();
    if opened >= Duration::from_secs(3) {
        broken.push("opening takes 3 s or more");
    }
    if memory.is_some_and(|memory| memory >= 4 * spikes as u64 + 200_000_000) {
        broken.push("memory is above 4 bytes a spike and 200 MB");
    }
    if medians.iter().any(|(median, _)| *median >= millis(16)) {
        broken.push("a median frame takes 16 ms or more");
    }
    if medians.iter().any(|(_, worst)| *worst >= millis(33)) {
        broken.push("a frame takes 33 ms or more");
    }
    if !falls {
        broken.push("a frame does not become cheaper as one zooms in");
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(broken.join("; ").into())
    }
}

/// A tenth of all neurons fires in each timestep, in waves.
fn write_recording(file: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(file)?);
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(1));
    zip.start_file("spikes/neurons.npy", options)?;
    let text =
        format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({TIMESTEPS}, {NEURONS}), }}");
    let length = (10 + text.len() + 1).next_multiple_of(64) - 10;
    zip.write_all(b"\x93NUMPY\x01\x00")?;
    zip.write_all(&(length as u16).to_le_bytes())?;
    zip.write_all(format!("{text:<width$}\n", width = length - 1).as_bytes())?;
    let mut row = vec![0u8; NEURONS];
    let mut seed = 1u32;
    for t in 0..TIMESTEPS {
        for (neuron, value) in row.iter_mut().enumerate() {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let wave = ((t * 3 + neuron) / 500) % 4;
            *value = u8::from((seed >> 16) % 100 < [4, 8, 12, 16][wave]);
        }
        zip.write_all(&row)?;
    }
    zip.finish()?;
    Ok(())
}

/// Median processor time to fill the pixels of a chart of 1000 × 600, none of it cached.
fn picture_time(raster: &Raster, counts: &Counts, zoom: f64) -> Duration {
    let mut times: Vec<Duration> = (0..15)
        .map(|step| {
            let window = window(zoom, step);
            let started = ProcessTime::now();
            std::hint::black_box(picture(raster, counts, &window));
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

/// The window moves with every step, so that nothing can be reused; even the widest leaves room.
fn window(zoom: f64, step: usize) -> Window {
    let size = 9_900.0 / zoom;
    let start = (10_000.0 - size) * (0.3 + 0.01 * step as f64);
    Window {
        time: start..start + size,
        rows: start..start + size,
        pixels: [1000, 600],
    }
}

/// Median and worst processor time, of all threads together, of whole frames while the view pans: pictures, textures, layout and
/// tessellation.
fn frame_times(
    app: &mut App,
    size: Vec2,
    zoom: f64,
    mut draw: impl FnMut(&mut Ui, &mut App),
) -> (Duration, Duration) {
    let mut times = Vec::new();
    let ctx = Context::default();
    for step in 0..28 {
        let window = window(zoom, step);
        app.state.view.show_time(window.time);
        app.state.view.show_rows(window.rows);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)),
            ..RawInput::default()
        };
        let started = ProcessTime::now();
        let output = ctx.run_ui(input, |ui| draw(ui, app));
        let primitives = ctx.tessellate(output.shapes, output.pixels_per_point);
        std::hint::black_box(&primitives);
        // The first frames lay out fonts.
        if step > 2 {
            times.push(started.elapsed());
        }
    }
    times.sort_unstable();
    (times[times.len() / 2], times[times.len() - 1])
}

/// Memory of this process; `None` where the system does not say.
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
