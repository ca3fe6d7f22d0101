//! `spikewatt doctor`.

use super::inputs::{hardware_files, keep_experiment};
use super::progress::{Meter, catch_interrupts};
use super::run::{RunArgs, experiment, folder_of};
use super::tables::emit;
use super::{Common, harmless, talk};
use crate::experiment::diagnose;
use crate::report::{
    Curve, Drawable, FigureWidth, ImageFormat, Manifest, OutputFolder, TableEntry, curve_csv,
    doctor_csv, doctor_text, file_name,
};

pub(super) fn execute(args: &RunArgs, common: &Common, command: Vec<String>) -> anyhow::Result<()> {
    let experiment = experiment(args, common)?;
    experiment.check()?;
    let catalogue = args.pricing.catalogue()?;
    for target in &experiment.output.targets {
        catalogue.get(target)?;
    }
    let folder = folder_of(args, &experiment.output);
    let mut folder = OutputFolder::of_command(&folder, &command, args.force)?;

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
    for format in [ImageFormat::Svg, ImageFormat::Png] {
        let name = file_name(Curve.name(), FigureWidth::Wide, format);
        folder.write(&name, &Curve.render(&diagnosis, FigureWidth::Wide, format)?)?;
    }
    let mut manifest = Manifest::new(command, experiment.simulation.seed);
    manifest.inputs.clone_from(&diagnosis.inputs);
    keep_experiment(&args.input, &mut manifest.inputs, &mut folder)?;
    let tables = hardware_files(args.pricing.hardware_file())?;
    manifest.inputs.extend(tables);
    for target in &experiment.output.targets {
        manifest.tables.push(TableEntry {
            device: target.clone(),
            sha256: catalogue.get(target)?.fingerprint(),
        });
    }
    let written = folder.path().to_path_buf();
    folder.finish(manifest)?;
    let text = || Ok(harmless(&doctor_text(&diagnosis)));
    emit(common, &diagnosis, text, || Ok(doctor_csv(&diagnosis)?))?;
    if !common.quiet {
        talk(&format!("files in {}", written.display()));
    }
    Ok(())
}
