//! Tidies the layers of an imported model without changing what they compute.

use crate::ann::{Ann, Layer, Operation};
use crate::network::Shape;

/// Folds biases, gives the input the shape its readers see, and drops what nothing reads.
pub(super) fn simplify(ann: &mut Ann, last: usize) {
    ann.layers.truncate(last + 1);
    drop_unread(&mut ann.layers);
    fold_biases(&mut ann.layers);
    adopt_input_shape(ann);
    drop_unread(&mut ann.layers);
}

/// Drops layers the last one does not depend on; the input stays.
fn drop_unread(layers: &mut Vec<Layer>) {
    let mut read = vec![false; layers.len()];
    if let Some(last) = read.last_mut() {
        *last = true;
    }
    for index in (0..layers.len()).rev() {
        if read[index] {
            for &input in &layers[index].inputs {
                read[input] = true;
            }
        }
    }
    if let Some(input) = read.first_mut() {
        *input = true;
    }
    let mut place = vec![0; layers.len()];
    let mut next = 0;
    for (index, &read) in read.iter().enumerate() {
        place[index] = next;
        next += usize::from(read);
    }
    let mut index = 0;
    layers.retain_mut(|layer| {
        index += 1;
        for input in &mut layer.inputs {
            *input = place[*input];
        }
        read[index - 1]
    });
}

/// A constant added right behind a linear layer becomes its bias.
fn fold_biases(layers: &mut [Layer]) {
    for index in 1..layers.len() {
        let Operation::Affine { scale, shift } = &layers[index].operation else {
            continue;
        };
        let below = layers[index].inputs[0];
        let readers = layers
            .iter()
            .filter(|layer| layer.inputs.contains(&below))
            .count();
        if readers != 1 || scale.iter().any(|&s| s != 1.0) {
            continue;
        }
        let mut operation = layers[below].operation.clone();
        let (Operation::Dense { bias, .. } | Operation::Convolution { bias, .. }) = &mut operation
        else {
            continue;
        };
        if bias.len() != shift.len() {
            continue;
        }
        bias.iter_mut().zip(shift).for_each(|(b, s)| *b += s);
        // The linear layer now ends where the sum did; what it was is read by nobody.
        layers[index].operation = operation;
        layers[index].name = layers[below].name.clone();
        layers[index].inputs = layers[below].inputs.clone();
    }
}

/// Channels-last models turn their input around first: the input takes the shape it is turned to,
/// so that the spiking network sees feature maps.
fn adopt_input_shape(ann: &mut Ann) {
    let readers: Vec<usize> = ann.readers(0).collect();
    let [first, others @ ..] = readers.as_slice() else {
        return;
    };
    let Operation::Arrange { from } = ann.layers[*first].operation.clone() else {
        return;
    };
    let shape = ann.layers[*first].shape;
    let same = |layer: &Layer| {
        layer.shape == shape && layer.operation == (Operation::Arrange { from: from.clone() })
    };
    let alike = others.iter().all(|&reader| same(&ann.layers[reader]));
    let turned = match &from {
        None => true,
        Some(from) => is_channels_last(from, shape),
    };
    if !alike || !turned || *first == ann.layers.len() - 1 {
        return;
    }
    ann.channels_last = from.is_some();
    ann.layers[0].shape = shape;
    for layer in &mut ann.layers {
        for input in &mut layer.inputs {
            if readers.contains(input) {
                *input = 0;
            }
        }
    }
}

/// Whether feature maps of `shape` read their values from channels-last order.
fn is_channels_last(from: &[u32], shape: Shape) -> bool {
    from.len() == shape.neurons()
        && from.iter().enumerate().all(|(i, &f)| {
            let plane = shape.height * shape.width;
            f as usize == (i % plane) * shape.channels + i / plane
        })
}
