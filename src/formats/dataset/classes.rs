//! Labels as files hold them: a number per sample, (N) or (N, 1), of any type as long as it is
//! whole, or one of several columns that is 1 (one-hot, (N, classes)).

use super::{Array, ArrayValues, Problem};

/// The class of each sample.
///
/// # Errors
/// If the array is neither, with the first label that is no class.
pub(in crate::formats) fn of(array: Array) -> Result<Vec<u32>, Problem> {
    let Array { dims, values } = array;
    let columns = match dims[..] {
        [] | [_] | [_, 1] => 1,
        [_, columns] => columns,
        _ => return Err(Problem::LabelShape { dims }),
    };
    let numbers = numbers(values)?;
    if columns == 1 {
        return Ok(numbers);
    }
    let rows = numbers.chunks_exact(columns.max(1));
    let class = |row: &[u32]| {
        let hot = row.iter().position(|&value| value == 1)?;
        let others = row.iter().filter(|&&value| value != 0).count();
        (others == 1).then_some(hot as u32)
    };
    let classes: Option<Vec<u32>> = rows.map(class).collect();
    classes.ok_or(Problem::LabelShape { dims })
}

/// The class of each of `samples` samples.
///
/// # Errors
/// As [`of`], or if there are more or fewer.
pub(super) fn of_samples(array: Array, samples: usize) -> Result<Vec<u32>, Problem> {
    let dims = array.dims.clone();
    let classes = of(array)?;
    match classes.len() == samples {
        true => Ok(classes),
        false => Err(Problem::LabelCount { dims, samples }),
    }
}

fn numbers(values: ArrayValues) -> Result<Vec<u32>, Problem> {
    let class = |(index, value): (usize, i64)| {
        u32::try_from(value).map_err(|_| Problem::LabelValue { index, value })
    };
    let whole = |(index, value): (usize, f64)| {
        let is_class = value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value);
        match is_class {
            true => Ok(value as u32),
            false => Err(Problem::LabelFraction { index, value }),
        }
    };
    match values {
        ArrayValues::U8(values) => Ok(values.into_iter().map(u32::from).collect()),
        ArrayValues::Bool(values) => Ok(values.into_iter().map(u32::from).collect()),
        ArrayValues::Integer(_, values) => values.into_iter().enumerate().map(class).collect(),
        ArrayValues::F32(values) => {
            let values = values.into_iter().map(f64::from);
            values.enumerate().map(whole).collect()
        }
        ArrayValues::F64(values) => values.into_iter().enumerate().map(whole).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(dims: &[usize], values: ArrayValues) -> Result<Vec<u32>, Problem> {
        let dims = dims.to_vec();
        of(Array { dims, values })
    }

    #[test]
    fn a_number_a_column_or_one_of_several_columns() {
        let floats = |values: &[f32]| ArrayValues::F32(values.to_vec());
        assert_eq!(read(&[2], floats(&[3.0, 0.0])).unwrap(), [3, 0]);
        assert_eq!(read(&[2, 1], floats(&[3.0, 0.0])).unwrap(), [3, 0]);
        assert_eq!(read(&[], ArrayValues::U8(vec![7])).unwrap(), [7]);
        let hot = floats(&[0.0, 1.0, 0.0, 1.0, 0.0, 0.0]);
        assert_eq!(read(&[2, 3], hot).unwrap(), [1, 0]);
    }

    #[test]
    fn what_is_no_class_is_refused() {
        let refused = |dims: &[usize], values| read(dims, values).unwrap_err().to_string();
        let half = refused(&[2], ArrayValues::F64(vec![1.0, 0.5]));
        assert!(half.contains("label 1 is 0.5"), "{half}");
        assert!(refused(&[1], ArrayValues::F32(vec![f32::NAN])).contains("NaN"));
        for row in [[1, 1], [0, 0], [2, 0]] {
            let said = refused(&[1, 2], ArrayValues::U8(row.to_vec()));
            assert!(said.contains("[1, 2]"), "{said}");
        }
        let cube = refused(&[1, 1, 2], ArrayValues::U8(vec![0, 1]));
        assert!(cube.contains("[1, 1, 2]"), "{cube}");
        assert!(refused(&[1], ArrayValues::Integer("i64", vec![-1])).contains("-1"));
    }
}
