//! `spikewatt doctor`.

use super::progress::{Meter, catch_interrupts};
use super::run::{RunArgs, experiment, folder_of, kind_of_input};
use super::{Common, Format, harmless, print, print_json, talk};
use crate::experiment::diagnose;
use crate::report::{
    Manifest, OutputFolder, TableEntry, curve_csv, curve_png, curve_svg, doctor_csv, doctor_text,
};

pub(super) fn execute(args: &RunArgs, common: &Common, command: Vec<String>) -> anyhow::Result<()> {
    let experiment = experiment(args, kind_of_input(args)?, common)?;
    experiment.check()?;
    let catalogue = args.pricing.catalogue()?;
    for target in &experiment.output.targets {
        catalogue.get(target)?;
    }
    let mut folder = OutputFolder::create(folder_of(args, &experiment.output), args.force)?;

    catch_interrupts();
    let meter = Meter::new(common.quiet);
    let diagnosis = diagnose(&experiment, &catalogue, &|progress| meter.observe(progress))?;
    meter.finish();

    folder.write(
        "doctor.json",
        (serde_json::to_string_pretty(&diagnosis)? + "\n").as_bytes(),
    )?;
    folder.write("doctor.csv", &doctor_csv(&diagnosis)?)?;
    folder.write("curve.csv", &curve_csv(&diagnosis)?)?;
    folder.write("accuracy_vs_timesteps.svg", &curve_svg(&diagnosis)?)?;
    folder.write("accuracy_vs_timesteps.png", &curve_png(&diagnosis)?)?;
    let mut manifest = Manifest::new(Manifest::arguments(&command), experiment.simulation.seed);
    manifest.inputs.clone_from(&diagnosis.inputs);
    for target in &experiment.output.targets {
        manifest.tables.push(TableEntry {
            device: target.clone(),
            sha256: catalogue.get(target)?.fingerprint(),
        });
    }
    let written = folder.path().to_path_buf();
    folder.finish(manifest)?;
    match common.format {
        Format::Json => print_json(&diagnosis)?,
        Format::Text => print(&harmless(&doctor_text(&diagnosis)))?,
    }
    if !common.quiet {
        talk(&format!("files in {}", written.display()));
    }
    Ok(())
}
