//! What can be undone, and done again.

use spikewatt::energy::Hardware;
use spikewatt::explore::Selection;

/// A change, by what was there on its other side.
#[derive(Debug, Clone)]
pub enum Change {
    /// Another selection.
    Selection(Option<Selection>),
    /// Other figures of a device.
    Figures {
        /// Name of the device.
        device: String,
        /// The figure that was edited; `None` if all were put back.
        key: Option<String>,
        /// The device with its edited figures; `None` as shipped.
        other: Option<Box<Hardware>>,
    },
}

impl Change {
    /// Whether both are steps of one edit of a figure, such as a drag of its value.
    fn continues(&self, before: &Change) -> bool {
        let edit = |change: &Change| match change {
            Change::Figures { device, key, .. } => Some((device.clone(), key.clone()?)),
            Change::Selection(_) => None,
        };
        edit(self).is_some_and(|own| edit(before) == Some(own))
    }
}

/// Changes in their order.
#[derive(Debug, Clone, Default)]
pub struct History {
    past: Vec<Change>,
    future: Vec<Change>,
}

impl History {
    /// Takes a change that has just been made.
    pub fn remember(&mut self, change: Change) {
        let goes_on = self.past.last().is_some_and(|last| change.continues(last));
        if !goes_on || !self.future.is_empty() {
            self.past.push(change);
        }
        self.future.clear();
    }

    /// The change to undo.
    pub fn back(&mut self) -> Option<Change> {
        self.past.pop()
    }

    /// The change to make again.
    pub fn forth(&mut self) -> Option<Change> {
        self.future.pop()
    }

    /// Takes what makes a change again that was undone.
    pub fn undone(&mut self, change: Change) {
        self.future.push(change);
    }

    /// Takes what undoes a change that was made again.
    pub fn redone(&mut self, change: Change) {
        self.past.push(change);
    }

    /// Forgets selections: those of another sample mean nothing.
    pub fn forget_selections(&mut self) {
        for changes in [&mut self.past, &mut self.future] {
            changes.retain(|change| matches!(change, Change::Figures { .. }));
        }
    }
}
