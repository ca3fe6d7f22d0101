//! How the values of several parameters combine to points.

use super::parameter::{SettingRange, SweepParameter};
use super::{MAX_POINTS, SweepError};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use toml::Value;

/// How points are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Every combination; the last parameter varies fastest.
    #[default]
    Grid,
    /// The first values of all parameters, then the second values, and so on.
    Zip,
    /// Independent draws. Point i is the same however many are drawn.
    Random,
    /// A scrambled Sobol sequence, which covers the space more evenly than draws do.
    /// Point i is the same however many are drawn.
    Sobol,
}

/// One value per parameter.
pub(super) type Combination = Vec<Value>;

impl Method {
    /// The combinations, in the order of the plan.
    pub(super) fn combinations(
        self,
        parameters: &[SweepParameter],
        samples: Option<usize>,
        seed: u64,
    ) -> Result<Vec<Combination>, SweepError> {
        match self {
            Method::Grid => grid(&lists(parameters)?),
            Method::Zip => zip(&lists(parameters)?),
            Method::Random | Method::Sobol => {
                let samples = samples.filter(|n| *n > 0).ok_or_else(|| {
                    SweepError::Method("random and sobol need samples = N, above 0".to_owned())
                })?;
                if samples > MAX_POINTS {
                    return Err(SweepError::TooMany);
                }
                (0..samples)
                    .map(|point| match self {
                        Method::Random => Ok(drawn(parameters, point, seed)),
                        _ => sobol(parameters, point, seed),
                    })
                    .collect()
            }
        }
    }
}

fn lists(parameters: &[SweepParameter]) -> Result<Vec<&[Value]>, SweepError> {
    parameters
        .iter()
        .map(|parameter| match &parameter.range {
            SettingRange::Values(values) => Ok(values.as_slice()),
            SettingRange::Continuous { .. } => Err(SweepError::Parameter {
                key: parameter.key.clone(),
                reason: "a distribution needs method = \"random\" or \"sobol\"".to_owned(),
            }),
        })
        .collect()
}

fn grid(lists: &[&[Value]]) -> Result<Vec<Combination>, SweepError> {
    let points = lists
        .iter()
        .try_fold(1usize, |points, list| points.checked_mul(list.len()))
        .filter(|points| *points <= MAX_POINTS)
        .ok_or(SweepError::TooMany)?;
    Ok((0..points)
        .map(|point| {
            let mut rest = point;
            let mut combination: Combination = lists
                .iter()
                .rev()
                .map(|list| {
                    let value = list[rest % list.len()].clone();
                    rest /= list.len();
                    value
                })
                .collect();
            combination.reverse();
            combination
        })
        .collect())
}

fn zip(lists: &[&[Value]]) -> Result<Vec<Combination>, SweepError> {
    let longest = lists.iter().map(|list| list.len()).max().unwrap_or(1);
    if longest > MAX_POINTS {
        return Err(SweepError::TooMany);
    }
    if lists.iter().any(|list| ![1, longest].contains(&list.len())) {
        return Err(SweepError::Method(format!(
            "zip pairs lists of one length (or of one value); the longest has {longest}"
        )));
    }
    Ok((0..longest)
        .map(|point| {
            lists
                .iter()
                .map(|list| list[point.min(list.len() - 1)].clone())
                .collect()
        })
        .collect())
}

fn drawn(parameters: &[SweepParameter], point: usize, seed: u64) -> Combination {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(point as u64);
    parameters
        .iter()
        .map(|parameter| parameter.at(random.random::<f64>()))
        .collect()
}

fn sobol(
    parameters: &[SweepParameter],
    point: usize,
    seed: u64,
) -> Result<Combination, SweepError> {
    // The sequence has 2^16 points in 256 dimensions.
    let dimensions = sobol_burley::NUM_DIMENSIONS as usize;
    if point >= 1 << 16 || parameters.len() > dimensions {
        return Err(SweepError::Method(format!(
            "sobol reaches 65,536 points of {dimensions} parameters; use method = \"random\""
        )));
    }
    let seed = (seed ^ (seed >> 32)) as u32;
    Ok(parameters
        .iter()
        .enumerate()
        .map(|(dimension, parameter)| {
            let u = sobol_burley::sample(point as u32, dimension as u32, seed);
            parameter.at(f64::from(u))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameter(text: &str) -> Vec<SweepParameter> {
        super::super::parameter::read(&toml::from_str(text).unwrap()).unwrap()
    }

    fn integers(points: &[Combination]) -> Vec<Vec<i64>> {
        let whole = |value: &Value| value.as_integer().unwrap();
        points
            .iter()
            .map(|p| p.iter().map(whole).collect())
            .collect()
    }

    #[test]
    fn worked_grid_and_zip() {
        let two = parameter("a = [1, 2]\nb = [3, 4]");
        let grid = Method::Grid.combinations(&two, None, 0).unwrap();
        assert_eq!(integers(&grid), [[1, 3], [1, 4], [2, 3], [2, 4]]);
        let zip = Method::Zip.combinations(&two, None, 0).unwrap();
        assert_eq!(integers(&zip), [[1, 3], [2, 4]]);
        let uneven = parameter("a = [1, 2]\nb = [3, 4, 5]");
        assert!(Method::Zip.combinations(&uneven, None, 0).is_err());
    }

    #[test]
    fn a_point_does_not_depend_on_how_many_are_drawn() {
        let two = parameter("a = { min = 0, max = 1, distribution = \"uniform\" }\nb = [1, 2, 3]");
        for method in [Method::Random, Method::Sobol] {
            let few = method.combinations(&two, Some(5), 3).unwrap();
            let many = method.combinations(&two, Some(50), 3).unwrap();
            assert_eq!(few[..], many[..5]);
            assert_ne!(few, method.combinations(&two, Some(5), 4).unwrap());
            assert!(method.combinations(&two, None, 3).is_err());
        }
        assert!(Method::Grid.combinations(&two, None, 3).is_err());
    }

    #[test]
    fn closed_form_sobol_fills_every_interval() {
        let one = parameter("a = { min = 0, max = 1, distribution = \"uniform\" }");
        let points = Method::Sobol.combinations(&one, Some(64), 1).unwrap();
        let mut seen = [0; 64];
        for point in points {
            seen[(point[0].as_float().unwrap() * 64.0) as usize] += 1;
        }
        assert_eq!(seen, [1; 64]);
    }

    #[test]
    fn absurd_grids_are_refused_before_they_are_built() {
        let list = (0..1000)
            .map(|i| i.to_string())
            .collect::<Vec<_>>()
            .join(",");
        let text = ["a", "b", "c", "d", "e", "f", "g"]
            .map(|key| format!("{key} = [{list}]"))
            .join("\n");
        let error = Method::Grid.combinations(&parameter(&text), None, 0);
        assert!(matches!(error, Err(SweepError::TooMany)));
    }
}
