//! Index arithmetic of tensors: which element of the input each element of the output is.

/// Row-major strides.
fn strides(dims: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; dims.len()];
    for axis in (0..dims.len().saturating_sub(1)).rev() {
        strides[axis] = strides[axis + 1] * dims[axis + 1];
    }
    strides
}

/// Calls `f` with each index of a tensor, in row-major order.
fn for_each_index(dims: &[usize], mut f: impl FnMut(&[usize])) {
    if dims.contains(&0) {
        return;
    }
    let mut index = vec![0; dims.len()];
    loop {
        f(&index);
        let Some(axis) = (0..dims.len()).rev().find(|&a| index[a] + 1 < dims[a]) else {
            return;
        };
        index[axis] += 1;
        index[axis + 1..].fill(0);
    }
}

/// For each element of the transposed tensor, the element it was.
pub(super) fn transpose(dims: &[usize], order: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let strides = strides(dims);
    let outer: Vec<usize> = order.iter().map(|&axis| dims[axis]).collect();
    let mut from = Vec::with_capacity(outer.iter().product());
    for_each_index(&outer, |index| {
        from.push(
            index
                .iter()
                .zip(order)
                .map(|(i, &axis)| i * strides[axis])
                .sum(),
        );
    });
    (outer, from)
}

/// For each element of the tensor with the given positions along each axis, the element it was;
/// `None` where a position is `None`.
pub(super) fn select(dims: &[usize], positions: &[Vec<Option<usize>>]) -> Vec<Option<usize>> {
    let strides = strides(dims);
    let outer: Vec<usize> = positions.iter().map(Vec::len).collect();
    let mut from = Vec::with_capacity(outer.iter().product());
    for_each_index(&outer, |index| {
        let element = index
            .iter()
            .enumerate()
            .map(|(axis, &i)| positions[axis][i].map(|p| p * strides[axis]))
            .sum::<Option<usize>>();
        from.push(element);
    });
    from
}

/// For each element of a tensor of `dims`, the element of a tensor of `operand` dimensions that
/// stands beside it; `None` if the shapes cannot be broadcast. Source: ONNX, Broadcasting.md.
pub(super) fn broadcast(operand: &[usize], dims: &[usize]) -> Option<Vec<usize>> {
    let missing = dims.len().checked_sub(operand.len())?;
    let fits = operand
        .iter()
        .zip(&dims[missing..])
        .all(|(o, d)| *o == 1 || o == d);
    if !fits {
        return None;
    }
    let strides = strides(operand);
    let mut from = Vec::with_capacity(dims.iter().product());
    for_each_index(dims, |index| {
        let element = operand
            .iter()
            .enumerate()
            .map(|(axis, &size)| {
                if size == 1 {
                    0
                } else {
                    index[axis + missing] * strides[axis]
                }
            })
            .sum();
        from.push(element);
    });
    Some(from)
}

/// The dimensions two operands have together.
pub(super) fn joint(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let at =
        |dims: &[usize], axis: usize| (axis + dims.len()).checked_sub(rank).map_or(1, |i| dims[i]);
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (x, y) if x == y || y == 1 => Some(x),
            (1, y) => Some(y),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_index_arithmetic() {
        assert_eq!(
            transpose(&[2, 3], &[1, 0]),
            (vec![3, 2], vec![0, 3, 1, 4, 2, 5])
        );
        assert_eq!(
            select(&[2, 2], &[vec![Some(1)], vec![None, Some(1), Some(0)]]),
            [None, Some(3), Some(2)]
        );
        assert_eq!(broadcast(&[2, 1], &[2, 3]), Some(vec![0, 0, 0, 1, 1, 1]));
        assert_eq!(broadcast(&[], &[2]), Some(vec![0, 0]));
        assert_eq!(broadcast(&[3], &[2]), None);
        assert_eq!(joint(&[4, 1], &[3]), Some(vec![4, 3]));
        assert_eq!(joint(&[2], &[3]), None);
    }
}
