//! What figures have in common over two columns of a paper or in one: sizes, title, facts, panels.

use super::canvas::{Canvas, GREY, GRID, INK};
use super::drawing::FigureWidth;
use crate::result::Scope;
use plotters::prelude::*;
use plotters::style::text_anchor::HPos;

/// Sizes of a figure [logical pixels].
pub(super) struct Look {
    /// Of the figure.
    pub(super) width: i32,
    /// Free space around it.
    pub(super) margin: i32,
    /// Letters of the title.
    title: i32,
    /// Height of its middle.
    title_at: i32,
    /// Letters of facts.
    pub(super) detail: i32,
    /// Letters of the name of a panel.
    panel: i32,
    /// Room for the names of lines.
    pub(super) names: i32,
    /// Height of the first line of facts.
    facts: i32,
    /// From a line of facts to the next.
    step: i32,
}

static WIDE: Look = Look {
    width: 1000,
    margin: 28,
    title: 25,
    title_at: 29,
    detail: 16,
    panel: 18,
    names: 250,
    facts: 59,
    step: 21,
};

/// Letters have nearly the same size on paper.
static COLUMN: Look = Look {
    width: 483,
    margin: 12,
    title: 19,
    title_at: 22,
    detail: 15,
    panel: 17,
    names: 182,
    facts: 44,
    step: 21,
};

/// One panel needs no larger letters where it is wide.
static SINGLE_WIDE: Look = Look {
    width: 1000,
    names: 230,
    ..SINGLE_COLUMN
};

static SINGLE_COLUMN: Look = Look {
    width: 483,
    margin: 12,
    title: 19,
    title_at: 20,
    detail: 15,
    panel: 17,
    names: 176,
    facts: 44,
    step: 20,
};

impl Look {
    /// Of a figure of several panels.
    pub(super) fn panels(width: FigureWidth) -> &'static Look {
        match width {
            FigureWidth::Wide => &WIDE,
            FigureWidth::Column => &COLUMN,
        }
    }

    /// Of a figure of one panel.
    pub(super) fn single(width: FigureWidth) -> &'static Look {
        match width {
            FigureWidth::Wide => &SINGLE_WIDE,
            FigureWidth::Column => &SINGLE_COLUMN,
        }
    }

    /// Room within the margins.
    pub(super) fn room(&self) -> i32 {
        self.width - 2 * self.margin
    }

    /// Height of the title and some lines of facts.
    pub(super) fn header(&self, facts: usize) -> i32 {
        self.facts + 25 + self.step * (facts as i32 - 1)
    }

    /// Height of the middle of a line of facts.
    pub(super) fn fact(&self, line: usize) -> i32 {
        self.facts + self.step * line as i32
    }

    /// Title and facts, shortened to fit.
    pub(super) fn heading<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        title: &str,
        facts: &[String],
    ) -> Result<(), String> {
        let title = canvas.fitted(title, self.title, self.room())?;
        let place = (self.margin, self.title_at);
        canvas.text(&title, place, self.title, INK, HPos::Left)?;
        for (line, fact) in facts.iter().enumerate() {
            let fact = canvas.fitted(fact, self.detail, self.room())?;
            let place = (self.margin, self.fact(line));
            canvas.text(&fact, place, self.detail, GREY, HPos::Left)?;
        }
        Ok(())
    }

    /// The line above a panel and its name.
    pub(super) fn panel<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        name: &str,
        top: i32,
    ) -> Result<(), String> {
        let (left, right) = (self.margin, self.width - self.margin);
        canvas.line((left, top), (right, top), GRID, 1)?;
        let name = canvas.fitted(name, self.panel, self.room())?;
        canvas.text(&name, (left, top + 20), self.panel, INK, HPos::Left)
    }

    /// The same for a scope, with what it means where there is room.
    pub(super) fn scope_panel<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        scope: Scope,
        top: i32,
    ) -> Result<(), String> {
        self.panel(canvas, scope.label(), top)?;
        let x = self.margin + canvas.width(scope.label(), self.panel)? + 10;
        let meaning = scope.meaning();
        if x + canvas.width(meaning, self.detail)? <= self.width - self.margin {
            canvas.text(meaning, (x, top + 20), self.detail, GREY, HPos::Left)?;
        }
        Ok(())
    }
}
