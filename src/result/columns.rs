//! The energy of a receipt in each scope: cumulative columns.

use super::{Line, Scope};
use crate::units::Range;
use serde::{Deserialize, Serialize};

/// Energy of one inference up to a scope.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Column {
    /// Energy per inference [J]; `None` if it is not known.
    pub energy_j: Option<Range>,
    /// Why it is not known; empty if it is.
    pub missing: Vec<String>,
}

impl Column {
    /// The energy if it is known and a number.
    #[must_use]
    pub fn known(&self) -> Option<Range> {
        self.energy_j
            .filter(|e| [e.low, e.nominal, e.high].iter().all(|v| v.is_finite()))
    }
}

/// Energy of one inference in each scope.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Scopes {
    /// [`Scope::Compute`].
    pub compute: Column,
    /// [`Scope::MemoryRouting`].
    pub memory_routing: Column,
    /// [`Scope::System`].
    pub system: Column,
}

impl Scopes {
    /// Sums lines scope by scope. `widest` is the widest scope that the lines cover; `missing` names
    /// what is needed but not known, with the narrowest scope that needs it.
    #[must_use]
    pub fn of(lines: &[Line], widest: Scope, missing: &[(Scope, String)]) -> Self {
        let column = |scope: Scope| {
            let mut reasons: Vec<String> = Vec::new();
            let mut add = |reason: String| {
                if !reasons.contains(&reason) {
                    reasons.push(reason);
                }
            };
            for (_, name) in missing.iter().filter(|(from, _)| *from <= scope) {
                add(name.clone());
            }
            if scope > widest {
                add(format!(
                    "not covered: the cost table stops at {}",
                    widest.key()
                ));
            }
            for line in lines
                .iter()
                .filter(|l| l.bill.scope > scope && l.bill.undivided)
            {
                add(format!("not split off: the cost of \"{}\"", line.event));
            }
            let inside = lines.iter().filter(|line| line.bill.scope <= scope);
            Column {
                energy_j: reasons
                    .is_empty()
                    .then(|| inside.map(|line| line.joules_range).sum()),
                missing: reasons,
            }
        };
        let [compute, memory_routing, system] = Scope::ALL.map(column);
        Scopes {
            compute,
            memory_routing,
            system,
        }
    }

    /// Adds an energy that is paid within `scope` and nothing narrower to each known column that
    /// holds it.
    pub fn add(&mut self, scope: Scope, energy_j: Range) {
        for wider in Scope::ALL.into_iter().filter(|wider| *wider >= scope) {
            let column = match wider {
                Scope::Compute => &mut self.compute,
                Scope::MemoryRouting => &mut self.memory_routing,
                Scope::System => &mut self.system,
            };
            column.energy_j = column.energy_j.map(|known| known + energy_j);
        }
    }

    /// The column of a scope.
    #[must_use]
    pub fn get(&self, scope: Scope) -> &Column {
        match scope {
            Scope::Compute => &self.compute,
            Scope::MemoryRouting => &self.memory_routing,
            Scope::System => &self.system,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::result::{Bill, Part};

    fn line(event: &str, joules: f64, bill: Bill) -> Line {
        Line {
            event: event.into(),
            measure: None,
            count: 1.0,
            joules_each: joules,
            joules,
            joules_range: Range::new(joules / 2.0, joules, joules * 2.0),
            part: Part::Dynamic,
            bill,
            figure: None,
            source: String::new(),
            unverified: false,
        }
    }

    #[test]
    fn worked_columns_are_cumulative() {
        let lines = [
            line("MAC", 1.0, Bill::COMPUTE),
            line("read", 2.0, Bill::MEMORY_ROUTING),
            line("idle", 4.0, Bill::SYSTEM),
        ];
        let scopes = Scopes::of(&lines, Scope::System, &[]);
        let known = Scope::ALL.map(|scope| scopes.get(scope).known());
        assert_eq!(
            known,
            [1.0, 3.0, 7.0].map(|j| Some(Range::new(j / 2.0, j, j * 2.0)))
        );
    }

    #[test]
    fn an_undivided_cost_leaves_narrower_columns_unknown() {
        let lines = [
            line("hop", 2.0, Bill::MEMORY_ROUTING),
            line("SynOp", 3.0, Bill::EVENT),
        ];
        let scopes = Scopes::of(&lines, Scope::System, &[]);
        assert_eq!(scopes.compute.energy_j, None);
        assert_eq!(
            scopes.compute.missing,
            ["not split off: the cost of \"SynOp\""]
        );
        assert_eq!(scopes.memory_routing.energy_j.map(|e| e.nominal), Some(5.0));
    }

    #[test]
    fn wider_columns_than_covered_and_missing_figures_are_unknown() {
        let lines = [line("MAC", 1.0, Bill::COMPUTE)];
        let scopes = Scopes::of(&lines, Scope::Compute, &[]);
        assert_eq!(scopes.compute.energy_j.map(|e| e.nominal), Some(1.0));
        assert_eq!(scopes.system.energy_j, None);
        assert!(scopes.system.missing[0].contains("stops at compute"));

        let lacking = [(Scope::MemoryRouting, "energy.read".to_owned())];
        let scopes = Scopes::of(&lines, Scope::System, &lacking);
        assert_eq!(scopes.compute.missing, Vec::<String>::new());
        assert_eq!(scopes.memory_routing.missing, ["energy.read"]);
        assert_eq!(scopes.system.missing, ["energy.read"]);
    }
}
