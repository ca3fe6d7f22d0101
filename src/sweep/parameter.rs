//! Parameters of a sweep: which keys of the experiment vary, and over what.

use super::SweepError;
use toml::{Table, Value};

/// Most values that one parameter may have.
const MAX_VALUES: usize = 1_000_000;

/// Keys of a parameter that is written as a section of its own.
const KEYS: [&str; 5] = ["values", "min", "max", "step", "distribution"];

/// What a parameter takes its values from.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingRange {
    /// These values, in this order.
    Values(Vec<Value>),
    /// Any number between two bounds.
    Continuous {
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
        /// How a uniform variate becomes a value.
        distribution: SettingDistribution,
    },
}

/// How values of a continuous parameter are distributed between its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingDistribution {
    /// Equally likely everywhere.
    Uniform,
    /// The logarithm is uniform; both bounds are positive.
    LogUniform,
    /// Whole numbers, equally likely, both bounds included.
    Integer,
}

/// Every distribution with the name it has in a sweep file.
const DISTRIBUTIONS: [(&str, SettingDistribution); 3] = [
    ("uniform", SettingDistribution::Uniform),
    ("log_uniform", SettingDistribution::LogUniform),
    ("integer", SettingDistribution::Integer),
];

/// A key of the experiment (or a label, where each value is a table of keys) and its range.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepParameter {
    /// Dotted key, such as `simulation.timesteps`.
    pub key: String,
    /// Its values.
    pub range: SettingRange,
}

impl SweepParameter {
    /// The value at `u`, a number from 0 to below 1.
    #[must_use]
    pub fn at(&self, u: f64) -> Value {
        match &self.range {
            SettingRange::Values(values) => {
                let index = (u * values.len() as f64) as usize;
                values[index.min(values.len() - 1)].clone()
            }
            SettingRange::Continuous {
                min,
                max,
                distribution,
            } => match distribution {
                SettingDistribution::Uniform => Value::Float(min + u * (max - min)),
                SettingDistribution::LogUniform => {
                    Value::Float((min.ln() + u * (max / min).ln()).exp())
                }
                SettingDistribution::Integer => {
                    let whole = (u * (max - min + 1.0)).floor();
                    Value::Integer((min + whole.min(max - min)) as i64)
                }
            },
        }
    }
}

/// Reads the section `[parameters]`. A key may be quoted (`"simulation.timesteps"`) or spelt as
/// nested sections; its value is a list, a section with `values`, `min`/`max`/`step` or
/// `distribution`, or a single value.
pub(super) fn read(table: &Table) -> Result<Vec<SweepParameter>, SweepError> {
    let mut parameters = Vec::new();
    collect("", table, &mut parameters)?;
    Ok(parameters)
}

/// Replaces or adds the parameter of a `key=a,b,c` from the command line.
pub(super) fn replace(
    parameters: &mut Vec<SweepParameter>,
    assignment: &str,
) -> Result<(), SweepError> {
    let refuse = |reason: &str| SweepError::Parameter {
        key: assignment.to_owned(),
        reason: reason.to_owned(),
    };
    let (key, list) = assignment
        .split_once('=')
        .filter(|(key, _)| !key.trim().is_empty())
        .ok_or_else(|| refuse("write it as key.path=a,b,c"))?;
    let key = key.trim();
    let values: Vec<Value> = match scalar(list) {
        Value::Array(values) => values,
        _ => list.split(',').map(scalar).collect(),
    };
    let range = checked(key, values)?;
    match parameters.iter_mut().find(|known| known.key == key) {
        Some(known) => known.range = range,
        None => parameters.push(SweepParameter {
            key: key.to_owned(),
            range,
        }),
    }
    Ok(())
}

/// A TOML value, or a plain string where the text is none.
fn scalar(text: &str) -> Value {
    let text = text.trim();
    toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut parsed| parsed.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn collect(prefix: &str, table: &Table, out: &mut Vec<SweepParameter>) -> Result<(), SweepError> {
    for (name, value) in table {
        let key = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        let range = match value {
            Value::Array(values) => checked(&key, values.clone())?,
            Value::Table(section) if KEYS.iter().any(|known| section.contains_key(*known)) => {
                spelt_out(&key, section)?
            }
            Value::Table(section) => {
                collect(&key, section, out)?;
                continue;
            }
            single => SettingRange::Values(vec![single.clone()]),
        };
        if out.iter().any(|known| known.key == key) {
            return Err(refusal(&key, "is given twice; keep one"));
        }
        out.push(SweepParameter { key, range });
    }
    Ok(())
}

fn spelt_out(key: &str, section: &Table) -> Result<SettingRange, SweepError> {
    if let Some(unknown) = section.keys().find(|name| !KEYS.contains(&name.as_str())) {
        return Err(refusal(
            key,
            &format!("\"{unknown}\" is not known; use {}", KEYS.join(", ")),
        ));
    }
    if let Some(values) = section.get("values") {
        let Value::Array(values) = values else {
            return Err(refusal(key, "values is a list, such as values = [4, 8]"));
        };
        if section.len() > 1 {
            return Err(refusal(
                key,
                "values stands alone, without min, max, step or distribution",
            ));
        }
        return checked(key, values.clone());
    }
    let bound = |name: &str| {
        let number = match section.get(name) {
            Some(Value::Integer(whole)) => *whole as f64,
            Some(Value::Float(number)) if number.is_finite() => *number,
            _ => return Err(refusal(key, &format!("needs a number \"{name}\""))),
        };
        Ok(number)
    };
    let (min, max) = (bound("min")?, bound("max")?);
    if max < min {
        return Err(refusal(key, "max is below min"));
    }
    match (section.get("step"), section.get("distribution")) {
        (Some(_), None) => {
            let step = bound("step")?;
            let whole = ["min", "step"]
                .iter()
                .all(|name| matches!(section.get(*name), Some(Value::Integer(_))));
            stepped(key, min, max, step, whole)
        }
        (None, Some(name)) => {
            let names = DISTRIBUTIONS.map(|(name, _)| name).join(", ");
            let distribution = name
                .as_str()
                .and_then(|name| DISTRIBUTIONS.iter().find(|(known, _)| *known == name))
                .ok_or_else(|| refusal(key, &format!("the distributions are {names}")))?
                .1;
            let whole = min.fract() == 0.0 && max.fract() == 0.0;
            match distribution {
                SettingDistribution::LogUniform if min <= 0.0 => {
                    Err(refusal(key, "log_uniform needs positive bounds"))
                }
                SettingDistribution::Integer if !whole || max.abs().max(min.abs()) > 9e15 => {
                    Err(refusal(key, "integer needs whole bounds below 9e15"))
                }
                _ => Ok(SettingRange::Continuous {
                    min,
                    max,
                    distribution,
                }),
            }
        }
        _ => Err(refusal(
            key,
            "give either step or distribution beside min and max",
        )),
    }
}

fn stepped(
    key: &str,
    min: f64,
    max: f64,
    step: f64,
    whole: bool,
) -> Result<SettingRange, SweepError> {
    if step <= 0.0 {
        return Err(refusal(key, "step is above 0"));
    }
    // A tenth of a millionth of a step: 0.1 × 3 is not 0.3, but the bound is meant to be reached.
    let steps = ((max - min) / step + 1e-7).floor();
    if steps >= MAX_VALUES as f64 {
        return Err(refusal(
            key,
            "has more than a million values; use a larger step",
        ));
    }
    let values = (0..=steps as usize).map(|i| {
        let value = min + i as f64 * step;
        if whole {
            Value::Integer(value as i64)
        } else {
            Value::Float(value)
        }
    });
    Ok(SettingRange::Values(values.collect()))
}

fn checked(key: &str, values: Vec<Value>) -> Result<SettingRange, SweepError> {
    if values.is_empty() {
        return Err(refusal(key, "has no value; give at least one"));
    }
    if values.len() > MAX_VALUES {
        return Err(refusal(key, "has more than a million values"));
    }
    Ok(SettingRange::Values(values))
}

fn refusal(key: &str, reason: &str) -> SweepError {
    SweepError::Parameter {
        key: key.to_owned(),
        reason: reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Result<Vec<SweepParameter>, String> {
        read(&toml::from_str(text).unwrap()).map_err(|error| error.to_string())
    }

    fn values(text: &str) -> Vec<Value> {
        match &parameters(text).unwrap()[0].range {
            SettingRange::Values(values) => values.clone(),
            SettingRange::Continuous { .. } => panic!("not a list"),
        }
    }

    #[test]
    fn worked_ways_to_write_a_parameter() {
        let whole = [4, 8, 12].map(Value::Integer).to_vec();
        for text in [
            "\"simulation.timesteps\" = [4, 8, 12]",
            "simulation.timesteps = [4, 8, 12]",
            "[simulation.timesteps]\nvalues = [4, 8, 12]",
            "[simulation]\ntimesteps = { min = 4, max = 13, step = 4 }",
        ] {
            let found = &parameters(text).unwrap()[0];
            assert_eq!(found.key, "simulation.timesteps");
            assert_eq!(values(text), whole, "{text}");
        }
        let floats = values("x = { min = 0.0, max = 0.3, step = 0.1 }");
        assert_eq!(floats.len(), 4);
        assert_eq!(values("x = \"one\""), [Value::String("one".into())]);
    }

    #[test]
    fn closed_form_values_of_a_variate() {
        let at = |text: &str, u: f64| parameters(text).unwrap()[0].at(u);
        let log = "x = { min = 1, max = 100, distribution = \"log_uniform\" }";
        let Value::Float(middle) = at(log, 0.5) else {
            panic!("not a number")
        };
        assert!((middle - 10.0).abs() < 1e-12);
        let die = "x = { min = 1, max = 6, distribution = \"integer\" }";
        let faces: Vec<i64> = (0..6)
            .map(|i| at(die, (f64::from(i) + 0.5) / 6.0).as_integer().unwrap())
            .collect();
        assert_eq!(faces, [1, 2, 3, 4, 5, 6]);
        assert_eq!(at("x = [7, 8]", 0.999_999), Value::Integer(8));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, word) in [
            ("x = []", "no value"),
            ("x = { min = 2, max = 1, step = 1 }", "below min"),
            ("x = { min = 1, max = 2, step = 0 }", "above 0"),
            ("x = { min = 0, max = 1e9, step = 1e-3 }", "million"),
            (
                "x = { min = 0, max = 1, distribution = \"normal\" }",
                "uniform",
            ),
            (
                "x = { min = 0, max = 1, distribution = \"log_uniform\" }",
                "positive",
            ),
            ("x = { min = 0, max = 1 }", "step or distribution"),
            ("x = { values = [1], spam = 1 }", "spam"),
        ] {
            let message = parameters(text).unwrap_err();
            assert!(
                message.contains(word) && message.contains("x:"),
                "{message}"
            );
        }
    }

    #[test]
    fn the_command_line_replaces_and_adds() {
        let mut found = parameters("a = [1]").unwrap();
        replace(&mut found, "a=2,3").unwrap();
        replace(&mut found, "b=[\"x\", \"y\"]").unwrap();
        replace(&mut found, "c=plain").unwrap();
        let expected = [
            ("a", vec![Value::Integer(2), Value::Integer(3)]),
            ("b", vec!["x".into(), "y".into()]),
            ("c", vec!["plain".into()]),
        ];
        for (parameter, (key, values)) in found.iter().zip(expected) {
            assert_eq!(parameter.key, key);
            assert_eq!(parameter.range, SettingRange::Values(values));
        }
        assert!(replace(&mut found, "novalue").is_err());
    }
}
