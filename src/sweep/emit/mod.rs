//! Job scripts that run a sweep on a cluster: the scheduler is the engine, each task a shard.

mod hyperqueue;
mod slurm;
mod snakemake;

use std::path::PathBuf;

/// What a script needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Name of the sweep.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// The sweep file.
    pub file: PathBuf,
    /// Overrides of parameters, as given.
    pub overrides: Vec<String>,
    /// Further cost tables.
    pub hardware: Vec<PathBuf>,
    /// Folder of the results.
    pub out: PathBuf,
    /// Shards.
    pub shards: usize,
    /// Threads of each shard.
    pub threads: usize,
    /// Longest time of one shard, `HH:MM:SS`.
    pub time: String,
}

/// Writes scripts for one scheduler.
#[derive(Debug)]
pub struct Emitter {
    /// Name on the command line.
    pub name: &'static str,
    /// What to do with the script.
    pub about: &'static str,
    /// The script.
    pub script: fn(&Job) -> String,
}

/// Every scheduler. A new one is a file and a line here.
pub static EMITTERS: [&Emitter; 3] = [&slurm::EMITTER, &snakemake::EMITTER, &hyperqueue::EMITTER];

impl Job {
    /// The command of one shard; `shard` is put in as it is, for the shell to expand.
    fn command(&self, shard: &str) -> String {
        format!(
            "{} sweep run {}{} --out {} --shard \"{shard}\" --threads {} --quiet",
            quoted(&self.program.display().to_string()),
            quoted(&self.file.display().to_string()),
            self.set(),
            quoted(&self.out.display().to_string()),
            self.threads
        )
    }

    /// The command that joins the shards.
    fn merge(&self) -> String {
        format!(
            "{} sweep merge {}{} --out {}",
            quoted(&self.program.display().to_string()),
            quoted(&self.file.display().to_string()),
            self.set(),
            quoted(&self.out.display().to_string())
        )
    }

    fn set(&self) -> String {
        let overrides = self.overrides.iter().map(|o| format!(" {}", quoted(o)));
        let hardware = self
            .hardware
            .iter()
            .map(|file| format!(" --hardware-file {}", quoted(&file.display().to_string())));
        overrides.chain(hardware).collect()
    }

    /// The name without anything a scheduler or shell would read as more than a name.
    fn plain_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        format!(
            "spikewatt-{}",
            self.name.chars().map(plain).collect::<String>()
        )
    }
}

/// A word that a POSIX shell reads back as it is.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_stay_words() {
        for word in ["a b", "$(touch x)", "it's", "`x`", "", "a\nb", "\"", "\\"] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(word))])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
        }
    }

    #[test]
    fn every_script_names_its_shards_and_is_a_shell_script_or_rule() {
        let job = Job {
            name: "my sweep\n#SBATCH --evil".into(),
            program: "spikewatt".into(),
            file: "a b.toml".into(),
            overrides: vec!["simulation.timesteps=4,8".into()],
            hardware: vec!["my chip.toml".into()],
            out: "results/x".into(),
            shards: 16,
            threads: 2,
            time: "01:00:00".into(),
        };
        for emitter in EMITTERS {
            let script = (emitter.script)(&job);
            assert!(script.contains("sweep run 'a b.toml'"), "{script}");
            assert!(
                script.contains("16") && script.contains("merge"),
                "{script}"
            );
            assert!(!script.contains("\n#SBATCH --evil"), "{script}");
        }
    }
}
