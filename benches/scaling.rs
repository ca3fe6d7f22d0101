//! How cost grows: with the rate of spikes, fan-out, timesteps, neurons and threads.
//!
//! `cargo bench --bench scaling` prints a table in Markdown and writes it as `engine_scaling.csv`,
//! with a figure `engine_scaling.png`, to the folder named in `SPIKEWATT_SCALING_DIR`, `docs` unless
//! told. Times are CPU seconds, the least of several rounds through all points: whatever else the
//! machine does only adds to a time, and its speed changes from one second to the next.

mod common;

use common::feed_forward::{Builder, drives, set_rates};
use cpu_time::ProcessTime;
use plotters::coord::Shift;
use plotters::prelude::*;
use spikewatt::counts::EventCounts;
use spikewatt::encoding::Drive;
use spikewatt::engine::Simulator;
use spikewatt::network::rules::{Ends, Rule, Streams};
use spikewatt::network::{Connectivity, Network, Population, Projection, Shape, Weights};
use spikewatt::neuron::{IntegrateFire, Neuron, Reset, ThresholdTest};
use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

/// One measurement.
struct Point {
    axis: &'static str,
    value: f64,
    rate: f64,
    cpu_s: f64,
    wall_s: f64,
    synops: f64,
    spikes: f64,
    updates: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut cases = Vec::new();
    for rate in [0.0, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.32] {
        let mut network = dense(1024);
        if rate > 0.0 {
            set_rates(&mut network, 32, rate);
        }
        cases.push(Case {
            axis: "rate",
            value: rate,
            network,
            rate: rate as f32,
            timesteps: 100,
            samples: 20,
            threads: 1,
        });
    }
    for width in [64, 128, 256, 512, 1024, 2048, 4096] {
        let mut network = Builder::new("fan-out", Shape::vector(512))
            .dense(width)
            .network;
        set_rates(&mut network, 32, 0.1);
        cases.push(Case {
            axis: "fan-out",
            value: width as f64,
            network,
            rate: 0.1,
            timesteps: 100,
            samples: 20,
            threads: 1,
        });
    }
    for timesteps in [16u32, 32, 64, 128, 256, 512, 1024] {
        let mut network = dense(1024);
        set_rates(&mut network, 32, 0.1);
        cases.push(Case {
            axis: "timesteps",
            value: f64::from(timesteps),
            network,
            rate: 0.1,
            timesteps,
            samples: 5,
            threads: 1,
        });
    }
    for neurons in [1_000, 4_000, 16_000, 64_000, 256_000] {
        cases.push(Case {
            axis: "neurons",
            value: f64::from(neurons),
            network: sparse(neurons, 100)?,
            rate: 0.05,
            timesteps: 50,
            samples: 2,
            threads: 1,
        });
    }
    for threads in [1, 2, 4] {
        let mut network = dense(1024);
        set_rates(&mut network, 32, 0.1);
        cases.push(Case {
            axis: "threads",
            value: threads as f64,
            network,
            rate: 0.1,
            timesteps: 100,
            samples: 40,
            threads,
        });
    }
    let points = measure(&cases);
    halving(&points);
    let folder = std::env::var("SPIKEWATT_SCALING_DIR")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/docs").to_owned());
    write_csv(&Path::new(&folder).join("engine_scaling.csv"), &points)?;
    draw(&Path::new(&folder).join("engine_scaling.png"), &points)
}

/// 784 inputs, two hidden layers, 10 outputs.
fn dense(width: usize) -> Network {
    Builder::new("dense", Shape::vector(784))
        .dense(width)
        .dense(width)
        .dense(10)
        .network
}

/// As many inputs as neurons, each with `fan_out` synapses to random ones.
fn sparse(neurons: u32, fan_out: u32) -> Result<Network, Box<dyn Error>> {
    let ends = Ends {
        sources: neurons,
        targets: neurons,
        same: false,
        autapses: true,
        multapses: false,
    };
    let pattern = Rule::FixedOutdegree(fan_out).connect(&ends, &Streams::new(1, &["scaling"]))?;
    let shape = Shape::vector(neurons as usize);
    let neuron = Neuron::IntegrateFire(IntegrateFire {
        threshold: vec![50.0; neurons as usize],
        initial: 0.5,
        reset: Reset::Subtract,
        test: ThresholdTest::AtLeast,
        signed: false,
    });
    let connectivity = Connectivity::new(pattern);
    Ok(Network {
        name: "sparse".to_owned(),
        populations: vec![
            Population::new("input", shape, Neuron::Input),
            Population::new("targets", shape, neuron),
        ],
        projections: vec![Projection::new(0, 1, connectivity, Weights::Uniform(0.5))],
    })
}

/// What to measure.
struct Case {
    axis: &'static str,
    value: f64,
    network: Network,
    /// Of the input.
    rate: f32,
    timesteps: u32,
    samples: usize,
    threads: usize,
}

impl Case {
    fn ready(&self) -> Ready<'_> {
        let Case {
            network,
            rate,
            timesteps,
            samples,
            ..
        } = self;
        Ready {
            pool: rayon::ThreadPoolBuilder::new()
                .num_threads(self.threads)
                .build()
                .expect("threads"),
            simulator: Simulator::new(network, *timesteps).expect("network"),
            drives: drives(network, *timesteps, *samples, *rate),
        }
    }

    fn point(&self, counts: &EventCounts, [cpu_s, wall_s]: [f64; 2]) -> Point {
        let populations = 0..self.network.populations.len();
        let total = |f: &dyn Fn(usize) -> f64| -> f64 { populations.clone().map(f).sum() };
        let spikes = total(&|i| counts.per_inference(i).spikes);
        let updates = total(&|i| counts.per_inference(i).neuron_updates);
        Point {
            axis: self.axis,
            value: self.value,
            rate: spikes / updates,
            cpu_s,
            wall_s,
            synops: total(&|i| counts.per_inference(i).synops),
            spikes,
            updates,
        }
    }
}

/// A case with all that is made before the clock starts.
struct Ready<'a> {
    pool: rayon::ThreadPool,
    simulator: Simulator<'a>,
    drives: Vec<Drive>,
}

impl Ready<'_> {
    /// Runs all samples; CPU and wall seconds of one.
    fn run(&self) -> (EventCounts, [f64; 2]) {
        let samples = self.drives.len();
        let drive = |i: usize| -> Result<Drive, _> { Ok(self.drives[i].clone()) };
        let run = || {
            self.simulator
                .run(samples, &drive, &|_| ControlFlow::Continue(()))
        };
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        let simulation = self.pool.install(run);
        let spent = [cpu.elapsed(), wall.elapsed()];
        (
            simulation.expect("simulation").counts,
            spent.map(|time| time.as_secs_f64() / samples as f64),
        )
    }
}

/// Rounds through all cases after one that warms up.
const ROUNDS: usize = 15;

fn measure(cases: &[Case]) -> Vec<Point> {
    let ready: Vec<Ready> = cases.iter().map(Case::ready).collect();
    let first: Vec<EventCounts> = ready.iter().map(|case| case.run().0).collect();
    let mut least = vec![[f64::INFINITY; 2]; cases.len()];
    for _ in 0..ROUNDS {
        for (least, case) in least.iter_mut().zip(&ready) {
            let (_, spent) = case.run();
            *least = std::array::from_fn(|i| least[i].min(spent[i]));
        }
    }
    println!(
        "| axis | value | rate | CPU ms per sample | wall ms per sample | G SynOps/s | ns per spike | ns per neuron update |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let cases = cases.iter().zip(&first).zip(least);
    let points: Vec<Point> = cases
        .map(|((case, counts), least)| case.point(counts, least))
        .collect();
    for point in &points {
        println!(
            "| {} | {} | {:.2} % | {:.3} | {:.3} | {:.2} | {:.1} | {:.3} |",
            point.axis,
            point.value,
            100.0 * point.rate,
            1e3 * point.cpu_s,
            1e3 * point.wall_s,
            point.synops / point.cpu_s / 1e9,
            1e9 * point.cpu_s / point.spikes,
            1e9 * point.cpu_s / point.updates,
        );
    }
    points
}

/// Whether half the rate takes half the time.
fn halving(points: &[Point]) {
    let rates: Vec<&Point> = points
        .iter()
        .filter(|p| p.axis == "rate" && p.value > 0.0)
        .collect();
    println!();
    for pair in rates.windows(2) {
        let expected = pair[0].synops / pair[1].synops;
        let measured = pair[0].cpu_s / pair[1].cpu_s;
        println!(
            "rate {} → {}: {:.3} of the synaptic operations in {:.3} of the time, {:+.0} %",
            pair[1].value,
            pair[0].value,
            expected,
            measured,
            100.0 * (measured / expected - 1.0),
        );
    }
}

fn write_csv(path: &Path, points: &[Point]) -> Result<(), Box<dyn Error>> {
    let mut csv = csv::Writer::from_path(path)?;
    csv.write_record([
        "axis",
        "value",
        "rate",
        "cpu_s_per_sample",
        "wall_s_per_sample",
        "synops_per_sample",
        "spikes_per_sample",
        "neuron_updates_per_sample",
    ])?;
    for p in points {
        let numbers = [
            p.value, p.rate, p.cpu_s, p.wall_s, p.synops, p.spikes, p.updates,
        ];
        let numbers = numbers.map(|number| number.to_string());
        csv.write_record(std::iter::once(p.axis.to_owned()).chain(numbers))?;
    }
    Ok(csv.flush()?)
}

/// A tick of a logarithmic axis: 1, 2 and 5 of each decade only, or they run into each other.
fn short(value: &f64) -> String {
    match format!("{value:.0e}").chars().next() {
        Some('1' | '2' | '5') => format!("{}", (value * 1e6).round() / 1e6),
        _ => String::new(),
    }
}

/// A panel per axis, both scales logarithmic: a straight line of slope one is linear cost.
fn draw(path: &Path, points: &[Point]) -> Result<(), Box<dyn Error>> {
    plotters::style::register_font(
        "sans-serif",
        FontStyle::Normal,
        epaint_default_fonts::UBUNTU_LIGHT,
    )
    .map_err(|_| "the embedded font cannot be read")?;
    const SIZE: (u32, u32) = (1500, 900);
    let mut pixels = vec![0; 3 * (SIZE.0 * SIZE.1) as usize];
    paint(
        BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area(),
        points,
    )?;
    let file = std::io::BufWriter::new(std::fs::File::create(path)?);
    let mut encoder = png::Encoder::new(file, SIZE.0, SIZE.1);
    encoder.set_color(png::ColorType::Rgb);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(())
}

fn paint(area: DrawingArea<BitMapBackend, Shift>, points: &[Point]) -> Result<(), Box<dyn Error>> {
    area.fill(&WHITE)?;
    let area = area.margin(14, 0, 0, 0);
    let area = area.titled("What a sample costs", ("sans-serif", 34))?;
    let panels = area.split_evenly((2, 3));
    let axes = [
        ("rate", "spikes per neuron and timestep"),
        ("fan-out", "synapses per spike"),
        ("timesteps", "timesteps"),
        ("neurons", "neurons with 100 synapses each"),
        ("threads", "threads (samples in parallel)"),
    ];
    for (panel, (axis, label)) in panels.iter().zip(axes) {
        draw_panel(panel, axis, label, points)?;
    }
    area.present()?;
    Ok(())
}

/// One axis of the picture, in double logarithmic scale.
fn draw_panel(
    panel: &DrawingArea<BitMapBackend, Shift>,
    axis: &str,
    label: &str,
    points: &[Point],
) -> Result<(), Box<dyn Error>> {
    let of_axis = || points.iter().filter(|p| p.axis == axis && p.value > 0.0);
    let series: Vec<(f64, f64)> = of_axis().map(|p| (p.value, 1e3 * p.cpu_s)).collect();
    let idle = points.iter().find(|p| p.axis == axis && p.value == 0.0);
    let (first, last) = (series[0], series[series.len() - 1]);
    let proportional: Vec<(f64, f64)> = series
        .iter()
        .map(|(x, _)| match axis {
            "threads" => (*x, first.1),
            // From the largest: the smallest is where other costs show.
            _ => (*x, last.1 * x / last.0),
        })
        .collect();
    let values = || series.iter().chain(&proportional).map(|(_, y)| *y);
    let idle_ms = idle.map(|p| 1e3 * p.cpu_s);
    let low = values().chain(idle_ms).fold(f64::INFINITY, f64::min) / 1.5;
    let high = values().fold(0.0, f64::max) * 1.5;
    let mut chart = ChartBuilder::on(panel)
        .margin(16)
        .x_label_area_size(48)
        .y_label_area_size(72)
        .build_cartesian_2d(
            (first.0 / 1.2..last.0 * 1.2).log_scale(),
            (low..high).log_scale(),
        )?;
    chart
        .configure_mesh()
        .x_label_formatter(&short)
        .y_label_formatter(&short)
        .x_desc(label)
        .y_desc("CPU ms per sample")
        .label_style(("sans-serif", 16))
        .axis_desc_style(("sans-serif", 19))
        .light_line_style(WHITE)
        .draw()?;
    let line = |colour: RGBColor| move |(x, y)| PathElement::new([(x, y), (x + 24, y)], colour);
    let (grey, blue, red) = (
        RGBColor(160, 160, 160),
        RGBColor(0, 90, 170),
        RGBColor(200, 60, 40),
    );
    chart
        .draw_series(LineSeries::new(proportional, grey.stroke_width(2)))?
        .label(if axis == "threads" {
            "no loss"
        } else {
            "proportional"
        })
        .legend(line(grey));
    if let Some(idle_ms) = idle_ms {
        let ends = [(first.0 / 1.2, idle_ms), (last.0 * 1.2, idle_ms)];
        chart
            .draw_series(LineSeries::new(ends, red.stroke_width(2)))?
            .label("neurons alone, no input spikes")
            .legend(line(red));
    }
    chart
        .draw_series(LineSeries::new(series.clone(), blue.stroke_width(2)).point_size(4))?
        .label("measured")
        .legend(line(blue));
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .label_font(("sans-serif", 17))
        .border_style(WHITE)
        .background_style(WHITE.mix(0.8))
        .draw()?;
    Ok(())
}
