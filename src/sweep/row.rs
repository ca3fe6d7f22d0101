//! What a point gave, as rows: one per point, one per candidate.

use crate::report::mark::star;
use crate::result::{
    Feasible, NumberFormat, Report, Scope, TargetReport, Totals, Workload, network_label,
};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// The result of one point without anything that depends on where and when it ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointResult {
    /// Version of spikewatt.
    pub version: String,
    /// Seed of the experiment.
    pub seed: u64,
    /// SHA-256 of the model file.
    pub model_sha256: String,
    /// SHA-256 of the data file.
    pub data_sha256: String,
    /// Samples simulated.
    pub samples: u64,
    /// Timesteps per sample.
    pub timesteps: u32,
    /// Timesteps that a sample really runs for, on average, where samples stop early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_timesteps: Option<f64>,
    /// Weights and biases of the original.
    pub parameters: u64,
    /// Multiply-accumulates of the original per inference; `None` without an original.
    pub macs: Option<u64>,
    /// Accuracy of the original; `None` without labels.
    pub accuracy_ann: Option<f64>,
    /// Accuracy of the spiking network.
    pub accuracy_snn: Option<f64>,
    /// Share of samples on which both agree.
    pub agreement: Option<f64>,
    /// Events per inference.
    pub totals: Totals,
    /// One entry per target, workload and batch.
    pub candidates: Vec<Candidate>,
}

/// Energy per inference, each scope holding those before it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Energies {
    /// Arithmetic alone [J].
    pub compute: Option<Range>,
    /// With memory and routing [J].
    pub memory_routing: Option<Range>,
    /// With idle power, encoding, host and I/O [J].
    pub system: Option<Range>,
}

impl Energies {
    /// The energy of one scope [J].
    #[must_use]
    pub fn get(&self, scope: Scope) -> Option<Range> {
        match scope {
            Scope::Compute => self.compute,
            Scope::MemoryRouting => self.memory_routing,
            Scope::System => self.system,
        }
    }
}

/// A network on a device: what a reader may choose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Name of the target.
    pub target: String,
    /// `neuromorphic`, `gpu`, `cpu`, `edge` or `accelerator`.
    pub kind: String,
    /// Which network runs there.
    pub workload: Workload,
    /// Its number format on the device; `None` if it is not known.
    #[serde(default)]
    pub format: Option<NumberFormat>,
    /// Whether counts and accuracy are those of the network at this format. A point simulates one
    /// format: that of `optimise.weight_bits`, or 32-bit floats.
    #[serde(default)]
    pub counted_at_format: bool,
    /// Inferences that run together.
    pub batch: u64,
    /// Accuracy of that network, 0 to 1; `None` if it was not evaluated.
    pub accuracy: Option<f64>,
    /// Energy per inference in each scope [J]; `None` where a needed figure is unknown.
    pub energy_j: Energies,
    /// Latency [s].
    pub latency_s: Option<f64>,
    /// Energy-delay product [J·s].
    pub edp_js: Option<f64>,
    /// Carbon per inference [g CO2e].
    pub carbon_g: Option<Range>,
    /// Whether the network fits the device.
    pub fits: bool,
    /// Whether the device can do what is asked, as far as its table says.
    #[serde(default)]
    pub feasible: Feasible,
    /// Whether a figure was never checked against its source.
    pub unverified: bool,
}

impl PointResult {
    /// The rows of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let accuracy = report.accuracy.as_ref();
        PointResult {
            version: report.version.clone(),
            seed: report.seed,
            model_sha256: report.model.sha256.clone(),
            data_sha256: report.setup.data_sha256.clone(),
            samples: report.samples,
            timesteps: report.timesteps,
            mean_timesteps: None,
            parameters: report.model.parameters,
            macs: report.model.macs,
            accuracy_ann: accuracy.and_then(|a| a.ann),
            accuracy_snn: accuracy.map(|a| a.snn),
            agreement: accuracy.and_then(|a| a.agreement),
            totals: report.totals,
            candidates: report
                .targets
                .iter()
                .map(|target| Candidate::of(report, target))
                .collect(),
        }
    }
}

impl Candidate {
    fn of(report: &Report, target: &TargetReport) -> Self {
        Candidate {
            target: target.name.clone(),
            kind: target.kind.clone(),
            workload: target.workload,
            batch: target.batch,
            format: target.format,
            counted_at_format: target.counted_at_format,
            accuracy: (report.accuracy_at(target).map(|share| share.value))
                .or_else(|| report.accuracy_of(target.workload)),
            energy_j: Energies {
                compute: target.scopes.compute.known(),
                memory_routing: target.scopes.memory_routing.known(),
                system: target.scopes.system.known(),
            },
            latency_s: target.latency_s,
            edp_js: target.edp_js,
            carbon_g: target.carbon_g,
            fits: target.fits,
            feasible: target.feasible,
            unverified: target.is_unverified(),
        }
    }

    /// Name to print, such as `SNN on loihi1`.
    #[must_use]
    pub fn label(&self) -> String {
        let batch = if self.batch == 1 {
            String::new()
        } else {
            format!(", batch {}", self.batch)
        };
        let mark = star(self.unverified);
        let network = network_label(self.workload, self.format);
        format!("{network} on {}{mark}{batch}", self.target)
    }
}
